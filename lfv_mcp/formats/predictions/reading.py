"""`Reading`: what was read of a source so far, and at the end what it was."""

from __future__ import annotations

from lfv_mcp.formats.predictions.class_words import folded_word, unknown_words
from lfv_mcp.formats.predictions.column_choice import ColumnChoice, PredictionsRefusedError
from lfv_mcp.formats.predictions.columns import ROLES, require_complete
from lfv_mcp.formats.predictions.judgement import require_answers, require_sense
from lfv_mcp.formats.predictions.prediction_set import AboutPredictions, PredictedImage, Scores
from lfv_mcp.formats.predictions.rows import RowReader, Verdicts
from lfv_mcp.formats.predictions.source_rule import SourceRule
from lfv_mcp.formats.predictions.unusable import Unusable
from lfv_mcp.identifiers import PredictionSetKey
from lfv_mcp.text import clean


class Reading:
    """The images of a source counted, its rule, and what of it was left out.

    Args:
        choice: what a person said of its columns.
    """

    def __init__(self, choice: ColumnChoice) -> None:
        self.choice = choice
        self.rule = SourceRule()
        self.rows = RowReader(choice)
        self.unusable = Unusable()
        self.files = 0
        self.has_code_page = False
        self._verdicts = Verdicts(choice.cut)
        self._refusal: PredictionsRefusedError | None = None

    def image(self, file: str, place: str, read: PredictedImage | str) -> PredictedImage | None:
        """An image, counted, with the verdict of the cut if there is one; None for what is none.

        Args:
            file: the file's name.
            place: where in it.
            read: the image, or why there is none.

        Raises:
            PredictionsRefusedError: too many class words are not known.
        """
        if not isinstance(read, str):
            return self._verdicts.add(read)
        self.unusable.add(file, place, read)
        if self.rows.is_refusable:
            self.require_known_words(file)
        return None

    def refuse(self, file: str, place: str, refusal: PredictionsRefusedError) -> None:
        """Leave out a file, or an object of it; where there is nothing else, that is why."""
        self._refusal = self._refusal or refusal
        self.unusable.add_file(file, refusal.message.removeprefix(file).strip(), place)

    def require_known_words(self, file: str) -> None:
        """Refuse class words that are not known.

        Raises:
            PredictionsRefusedError: the file has some.
        """
        for role, words in self.rows.unknown.items():
            raise unknown_words(words, self.rule.columns.get(role, role), file)

    def about(
        self, key: PredictionSetKey, origin: str, *, same_names: bool = False
    ) -> AboutPredictions:
        """What the files were, after the last of them.

        Args:
            key: whose images, and the set's name.
            origin: where the files came from, as a text for people.
            same_names: a person vouched that equal names are the same images.

        Raises:
            PredictionsRefusedError: there was nothing to read, or what was read contradicts itself.
        """
        place = clean(origin, 300)
        self.rule.require_named_columns(self.choice, place)
        self._require_images(place)
        require_answers(self._verdicts, self.choice, place)
        require_sense(self._verdicts, self.rows, self.rule.columns, self.choice, place)
        verdicts = self._verdicts
        scores: Scores = "none"
        if verdicts.scores or verdicts.confidences:
            scores = "anomaly_score" if verdicts.scores else "confidence"
        return AboutPredictions(
            key=key,
            origin=origin,
            columns=self._columns_for_people(),
            images=verdicts.images,
            answered=verdicts.answered,
            truth=verdicts.truth,
            scores=scores,
            cut=self.choice.cut,
            unusable=dict(sorted(self.unusable.counts.items())),
            same_names=same_names,
        )

    def _require_images(self, place: str) -> None:
        """Refuse a source without an image, or without what makes a prediction."""
        if not self._verdicts.images:
            if self._refusal is not None:
                raise self._refusal.copy()
            first = "; ".join(map(str, self.unusable.first[:3])) or (
                "no file of it has a line below a header, or an object" if self.files else "no file"
            )
            raise PredictionsRefusedError(
                f"{place} has no predictions that can be read: {first}.",
                "Name a file, or a folder of files, with a line or an object for each image.",
            )
        if self.rule.is_table:
            require_complete(self.rule.columns, list(self.rule.names), self.choice, place)

    def _columns_for_people(self) -> dict[str, str]:
        """The columns of the roles, and by which rule classes and scores were read."""
        rule, verdicts, cut = self.rule, self._verdicts, self.choice.cut
        columns = {role: rule.columns[role] for role in ROLES if role in rule.columns}
        columns |= rule.columns
        if not rule.is_table:
            columns["format"] = rule.title
        if cut is not None:
            score = columns.get("score", "anomaly score")
            was = columns.get("prediction")
            columns["prediction"] = f"{score} >= {cut:g}"
            if was is not None:
                columns["cut"] = (
                    f"{cut:g} instead of {was}: "
                    f"{verdicts.changed:,} of {verdicts.predicted:,} verdicts changed"
                )
        if self.choice.anomaly_values:
            values = ", ".join(sorted({folded_word(v) for v in self.choice.anomaly_values}))
            columns["classes"] = f"anomaly: {values}; normal: every other word"
        if self.has_code_page:
            columns["encoding"] = "not UTF-8, read as Windows-1252; save it as UTF-8"
        return {role: clean(text, 300) for role, text in columns.items()}
