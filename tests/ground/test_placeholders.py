"""Input mapping: what is a placeholder, what is literal text, what is an error."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosphere_core.graph.placeholders import OutputRef, PlaceholderError, Ref, StoreRef, parse
from ground.graphs import identifiers

literals = st.text(max_size=40).filter(lambda text: "${{" not in text)
spaces = st.text(" \t\n", max_size=3)
refs: st.SearchStrategy[Ref] = st.one_of(
    st.builds(OutputRef, identifiers, identifiers), st.builds(StoreRef, identifiers | st.just("store"))
)


def never(ref: Ref) -> str:
    raise AssertionError(f"{ref} is no placeholder of this text")


@given(literals)
def test_text_without_an_opening_stays_as_it_is(text: str) -> None:
    assert parse(text).refs == ()
    assert parse(text).render(never) == text


@given(st.text(alphabet="${} a.", max_size=30).filter(lambda text: "${{" not in text))
def test_dollars_and_braces_that_open_nothing_stay_as_they_are(text: str) -> None:
    assert parse(text).render(never) == text


@given(st.text(alphabet="${} a.\n", max_size=30))
def test_any_text_is_either_parsed_or_refused_as_a_bad_placeholder(text: str) -> None:
    if text.count("${{") == 0:
        assert parse(text).render(never) == text
    else:  # this alphabet spells no word, so none can be right
        with pytest.raises(PlaceholderError, match=re.escape("${{")):
            parse(text)


@given(refs, literals.filter(lambda text: not text.endswith(("$", "${"))), literals, spaces, spaces, st.text())
def test_a_placeholder_gives_its_value_and_what_is_around_it_stays(
    ref: Ref, before: str, after: str, left: str, right: str, value: str
) -> None:
    text = f"{before}{str(ref).replace('{{ ', '{{' + left).replace(' }}', right + '}}')}{after}"
    expression = parse(text)
    assert expression.refs == (ref,)
    assert expression.render(lambda asked: value if asked == ref else never(asked)) == before + value + after


@given(refs, refs)
def test_a_value_is_never_parsed_for_placeholders_again(ref: Ref, inside: Ref) -> None:
    assert parse(str(ref)).render(lambda _: str(inside)) == str(inside)
    assert parse(f"{ref}{ref}").render(lambda _: "${{") == "${{${{"


def test_several_placeholders_are_resolved_in_order() -> None:
    expression = parse("${{ a.outputs.x }}, ${{store.k}} and ${{ a.outputs.y }}!")
    assert expression.refs == (OutputRef("a", "x"), StoreRef("k"), OutputRef("a", "y"))
    assert expression.render({ref: str(n) for n, ref in enumerate(expression.refs)}.__getitem__) == "0, 1 and 2!"


@pytest.mark.parametrize(
    "text", ["${{a.outputs.x}}", "${{\ta.outputs.x\n}}", "${{   a.outputs.x }}", "${{ a . outputs .x }}"]
)
def test_white_space_inside_the_braces_is_free(text: str) -> None:
    assert parse(text).refs == (OutputRef("a", "x"),)


@pytest.mark.parametrize(
    "inside",
    ["", "a", "a.x", "a.output.x", "a.outputs", "a.outputs.", "a.outputs.x.y", "store", "store.", "store.a.b",
     "store.outputs.x", ".outputs.x", "a b.outputs.x", "a.outputs.x y", "${{ a.outputs.x", "{ a.outputs.x",
     "é.outputs.x"],
)  # fmt: skip
def test_anything_else_inside_the_braces_is_refused_with_what_to_write(inside: str) -> None:
    with pytest.raises(PlaceholderError) as refused:
        parse(f"text ${{{{ {inside} }}}}")
    assert str(refused.value) == (
        f"'${{{{ {inside.strip()} }}}}' is not a placeholder: "
        "write '${{ identifier.outputs.field }}' or '${{ store.key }}'"
    )


@pytest.mark.parametrize("text", ["${{ a.outputs.x", "${{ a.outputs.x }", "${{ a.outputs.x } }", "${{"])
def test_a_placeholder_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(PlaceholderError) as refused:
        parse("text " + text)
    assert str(refused.value) == f"the placeholder that begins at '{text}' is not closed with '}}}}'"
