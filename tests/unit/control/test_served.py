from tests.unit.control.conftest import World
from tiltyard.control.served import Served


def test_what_is_loaded_and_who_serves(world: World) -> None:
    served = Served(world.reconciler)
    assert sorted((one.model, one.version) for one in served.versions()) == [
        ("m", 1),
        ("m", 2),
        ("m", 3),
    ]
    assert served.registry() is world.registry
    assert served.states()["m"].champion == 1
    world.control.set_champion("m", 2)
    state = served.states()["m"]
    assert (state.champion, state.previous, state.serving) == (2, 1, frozenset({2}))


def test_it_is_settled_when_nothing_is_loading(world: World) -> None:
    served = Served(world.reconciler)
    assert served.is_settled()
    world.loader.slow.add(("m", 4))
    world.put("m", 4)
    world.pass_s(10.0)
    assert not served.is_settled()
    world.loader.come(("m", 4))
    assert served.is_settled()


def test_without_a_registry_the_newest_that_is_loaded_serves(empty: World) -> None:
    empty.put("m", 1, 2)
    empty.loader.broken["m", 2] = "it is broken"
    empty.build()
    empty.reconciler.start(None)
    empty.reconciler.take_loads()
    served = Served(empty.reconciler)
    assert served.registry() is None
    assert served.states()["m"].champion == 1
    assert served.states()["m"].serving == frozenset({1})
