"""What an error of the models says to people: what was found, what was expected, and the nearest right word."""

import re
from typing import Any

from yaml import MappingNode, ScalarNode

from config.database import masked
from config.places import Found
from config.problems import nearest, shown
from config.secrets import SECRET_PLACE
from config.values import VARIANTS
from config.yaml_reader import describe, is_null

_EXPECTED = {
    "string_type": "a text",
    "string_sub_type": "a text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "path_type": "a path",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is not infinite",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_too_short": "a longer text",
    "string_too_long": "a shorter text",
}


def message(error: dict[str, Any], at: Found) -> str:
    """Words for one error. Nothing that may be a secret is repeated."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        step = error["loc"][-1]
        return "missing, expected one value more" if isinstance(step, int) else "missing, expected a value"
    if kind == "value_error":
        return masked(str(context.get("error", error["msg"])))
    if kind == "northing_variant" and isinstance(at.node, MappingNode):
        keys = [str(key.value) for key, _ in at.node.value]
        near = next((near for key in keys if (near := nearest(key, VARIANTS))), None)
        found = f"keys {', '.join(map(shown, keys))}" if keys else "an empty mapping"
        return f"found {found}, expected {context['expected']}" + (f". Did you mean `{near}`?" if near else "")
    expected = _expected(error)
    if expected is None:
        return masked(str(error["msg"]))
    if kind == "northing_unfit":
        return f"expected {expected}"
    return f"found {_found(at)}, expected {expected}{_near(error, at)}"


def _expected(error: dict[str, Any]) -> str | None:
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("northing_expected", "northing_unfit", "northing_variant", "literal_error"):
        return context["expected"].replace("'", "`") if kind == "literal_error" else context["expected"]
    if kind == "greater_than_equal":
        return f"at least {context['ge']:g}"
    if kind == "less_than_equal":
        return f"at most {context['le']:g}"
    if kind == "greater_than":
        return f"more than {context['gt']:g}"
    if kind == "less_than":
        return f"less than {context['lt']:g}"
    if kind == "too_short":
        return f"at least {context['min_length']} value{'s' if context['min_length'] > 1 else ''}"
    if kind == "too_long":
        return f"at most {context['max_length']} values"
    return _EXPECTED.get(kind)


def _found(at: Found) -> str:
    if at.rest == ["[key]"] and at.key is not None:
        return shown(str(at.key.value))
    hidden = any(key is not None and SECRET_PLACE.search(str(key.value)) for _, key, _ in at.steps)
    if not isinstance(at.node, ScalarNode):
        if not at.node.value:
            return "an empty mapping" if isinstance(at.node, MappingNode) else "an empty list"
        if isinstance(at.node, MappingNode) and not hidden:
            return f"a mapping with {', '.join(shown(str(key.value)) for key, _ in at.node.value[:5])}"
        return describe(at.node)
    if is_null(at.node):
        return "nothing"
    if not at.node.value:
        return "an empty text"
    return "a text that is not shown" if hidden else shown(masked(at.node.value))


def _near(error: dict[str, Any], at: Found) -> str:
    if error["type"] != "literal_error" or not isinstance(at.node, ScalarNode):
        return ""
    near = nearest(at.node.value, re.findall(r"'([^']*)'", error["ctx"]["expected"]))
    return f". Did you mean `{near}`?" if near else ""
