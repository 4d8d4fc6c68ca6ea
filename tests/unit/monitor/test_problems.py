from tiltyard.monitor.problems import Problems


def test_a_version_has_its_own_its_models_and_the_gateways() -> None:
    problems = Problems()
    problems.tell("fraud version 2", "no profile can be read", ("fraud", 2))
    problems.tell("fraud version 3", "it does not fit", ("fraud", 3))
    problems.tell("drift policy of fraud", "delta is 9", ("fraud", None))
    problems.tell("drift policy of a", "delta is 8", ("a", None))
    problems.tell("registry", "it is locked")
    problems["counting"] = "it has ended"
    whole = ("it is locked", "it has ended")
    assert problems.of(("fraud", 2)) == ("no profile can be read", "delta is 9", *whole)
    assert problems.of(("a", 1)) == ("delta is 8", *whole)
    assert problems.of(("b", 1)) == whole
    assert len(problems) == 6


def test_what_is_solved_and_whoever_left_has_none() -> None:
    problems = Problems()
    problems.tell("fraud version 2", "no profile can be read", ("fraud", 2))
    problems.tell("baseline of fraud version 2", "it is of another profile", ("fraud", 2))
    problems.tell("drift policy of fraud", "delta is 9", ("fraud", None))
    problems.pop("fraud version 2", None)
    problems.leave(("fraud", 2))
    assert problems == {"drift policy of fraud": "delta is 9"}
