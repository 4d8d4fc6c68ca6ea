# The priority of the calling thread; included by _core.pyx. See _core.pyi for the contract.


def enter_control_priority(str name):
    """For threads that operators wait for; see _core.pyi."""
    enter_control(name.encode())


def enter_background_priority(str name):
    """For Python that nobody waits for; see _core.pyi."""
    enter_background(name.encode())


def enter_idle_priority(str name):
    """For much work that nobody waits for; see _core.pyi."""
    enter_idle(name.encode())
