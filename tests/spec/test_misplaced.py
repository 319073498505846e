import pytest

from harness.spec.misplaced import right_place

ROOT = {
    "properties": {"name": {}, "seed": {}, "model": {"$ref": "#/$defs/model"}, "score": {"properties": {"by": {}}}},
    "$defs": {
        "model": {"properties": {"limits": {"$ref": "#/$defs/limits"}, "one": {"$ref": "#/$defs/way"},
                                 "other": {"$ref": "#/$defs/way"}}},
        "limits": {"properties": {"rpm": {}}},
        "way": {"properties": {"twice": {}}},
    },
}  # fmt: skip
MODEL = ROOT["$defs"]["model"]


@pytest.mark.parametrize(
    ("key", "here", "place"),
    [
        ("rpm", MODEL, "it belongs under `limits`: write `limits: {rpm: …}`"),
        ("rpm", ROOT, "it belongs under `model.limits`: write `model: {limits: {rpm: …}}`"),
        ("by", ROOT, "it belongs under `score`: write `score: {by: …}`"),
        ("seed", MODEL, "`seed` belongs at the top of the file, beside `name`"),
        ("twice", MODEL, ""),
        ("nothing", ROOT, ""),
        ("by", {"properties": {"a": True, "b": {"$ref": "#/$defs/none"}}}, ""),
    ],
)
def test_the_place_of_a_key_is_named_where_there_is_one(key, here, place):
    assert right_place(key, here, ROOT) == place


def test_a_key_of_the_section_itself_does_not_belong_at_the_top():
    assert right_place("seed", MODEL, ROOT, "seed") == ""
