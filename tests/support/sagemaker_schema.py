"""The JSON schema of a SageMaker model card's Content, 0.1.0, as far as exports use it.

Written from its published limits; `nox -s external-exports` holds cards to SageMaker's own SDK.
"""

from __future__ import annotations

from typing import Any, Final


def _text(longest: int, shortest: int = 0) -> dict[str, Any]:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def _closed(required: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": members,
    }


def _list(of: Any, shortest: int = 0, longest: int = 10_000) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": shortest, "maxItems": longest}


_NUMBER: Final = {"type": "number"}
_AXES: Final = {"x_axis_name": _list(_text(1024)), "y_axis_name": _list(_text(1024))}
_AXIS: Final = {"x_axis_name": _text(1024), "y_axis_name": _text(1024)}


def _metric(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    named = {"name": _text(255, 1), "notes": _text(1024), "type": {"const": kind}, "value": value}
    return _closed(("name", "type", "value"), **named, **more)


_METRIC: Final = {
    "oneOf": [
        _metric("number", _NUMBER),
        _metric("string", _text(1024)),
        _metric("boolean", {"type": "boolean"}),
        _metric("linear_graph", _list(_list(_NUMBER, 2, 2), 1), **_AXIS),
        _metric("matrix", _list(_list(_NUMBER, 1, 20), 1, 20), **_AXES),
    ]
}
CONTENT: Final = _closed(
    model_overview=_closed(
        model_name=_text(1024),
        model_description=_text(1024),
        model_id=_text(1024),
        model_version={"type": "number", "minimum": 1},
        problem_type=_text(1024),
        algorithm_type=_text(1024),
        model_artifact=_list(_text(1024), 0, 15),
        model_creator=_text(1024),
    ),
    intended_uses=_closed(
        intended_uses=_text(2048),
        purpose_of_model=_text(2048),
        factors_affecting_model_efficiency=_text(2048),
        risk_rating={"enum": ["High", "Medium", "Low", "Unknown"]},
        explanations_for_risk_rating=_text(2048),
    ),
    training_details=_closed(training_observations=_text(1024)),
    evaluation_details=_list(
        _closed(
            ("name",),
            name=_text(63, 1),
            evaluation_observation=_text(2096),
            datasets=_list(_text(1024), 0, 10),
            metric_groups=_list(
                _closed(("name", "metric_data"), name=_text(63, 1), metric_data=_list(_METRIC))
            ),
        )
    ),
    additional_information=_closed(
        ethical_considerations=_text(2048),
        caveats_and_recommendations=_text(2048),
        custom_details={"type": "object", "additionalProperties": _text(1024)},
    ),
)
