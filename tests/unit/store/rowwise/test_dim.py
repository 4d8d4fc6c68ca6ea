from hypothesis import given
from hypothesis import strategies as st

from tiltyard.store.rowwise.dim import ONE, ROWS, Dim, product, text

DIMS = st.builds(
    Dim,
    st.integers(1, 12),
    st.lists(st.sampled_from(["a", "b", *ROWS.symbols]), max_size=3).map(
        lambda names: tuple(sorted(names))
    ),
)


@given(DIMS, DIMS)
def test_division_undoes_multiplication(a: Dim, b: Dim) -> None:
    assert a == a.times(b).divided_by(b)


@given(DIMS, DIMS, DIMS)
def test_products_do_not_depend_on_order(a: Dim, b: Dim, c: Dim) -> None:
    assert product([a, b, c]) == product([c, a, b])


def test_what_does_not_divide_has_no_quotient() -> None:
    assert Dim(3).divided_by(Dim(2)) is None
    assert Dim(3).divided_by(Dim(0)) is None
    assert Dim(4, ("a",)).divided_by(Dim(2, ("b",))) is None
    assert Dim(6).divided_by(ROWS) is None


def test_an_empty_product_is_one() -> None:
    assert product([]) == ONE


def test_dims_read_well() -> None:
    assert text([ROWS, Dim(4), ROWS.times(Dim(2, ("s",)))]) == "[rows,4,2*rows*s]"
