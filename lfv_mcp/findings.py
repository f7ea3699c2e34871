"""The committed list of findings: the stable code and severity of everything worth knowing.

A rule anywhere in `analysis`, `catalog` or `server` makes its finding through `finding`, so that a
code has one severity everywhere. docs/codes.md is made from `FINDINGS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lfv_mcp.figures import percent
from lfv_mcp.results.common import Finding, Severity

ESCAPES_HIGH: Final = 0.20
"""Share of the test set's defects that passed unseen, from which that is critical: 1 in 5.

This bar and the next one are this project's own, no standard's.
"""
ESCAPES_NOTABLE: Final = 0.05
"""Share of the test set's defects that passed unseen, from which it is a warning: 1 in 20."""

FINDINGS: Final[dict[str, tuple[Severity, str]]] = {
    # code: (severity, what it means)
    # where the answer comes from
    "service_ended": ("warning", "a live answer after the end of the service (31 October 2025)"),
    "sample_data": ("info", "the bundled synthetic sample, not a real model"),
    "archived_record": ("info", "a saved answer: status is history"),
    "undated_record": ("info", "a saved answer without a recorded capture time"),
    "listing_only": ("warning", "known only from a ListModels answer"),
    "evaluation_files_only": ("warning", "rebuilt from evaluation files: no status is known"),
    # status
    "training_in_progress": ("info", "TRAINING"),
    "training_failed": ("critical", "TRAINING_FAILED"),
    "hosting_starting": ("info", "STARTING_HOSTING"),
    "hosted": ("warning", "HOSTED: running and billed, when captured"),
    "hosting_failed": ("critical", "HOSTING_FAILED"),
    "hosting_stopping": ("info", "STOPPING_HOSTING"),
    "system_updating": ("info", "SYSTEM_UPDATING"),
    "deleting": ("warning", "DELETING"),
    "status_unknown": ("warning", "a status this server does not know, or none"),
    "other_version_hosted": (
        "info",
        "the answer is not about the version that is HOSTED, or was when captured",
    ),
    "hosting_autoscaling": ("info", "minimum and maximum inference units were requested"),
    "hosting_fixed": ("info", "a fixed number of inference units was requested"),
    # quality
    "metrics_missing": ("warning", "metrics would be expected, but the record has none"),
    "metrics_incomplete": ("warning", "some of precision, recall and F1 are missing"),
    "f1_inconsistent": ("warning", "F1 does not follow from precision and recall"),
    "perfect_score": ("warning", "precision and recall are both exactly 1"),
    "escapes_high": (
        "critical",
        f"on the test set {percent(ESCAPES_HIGH)} of the defects or more passed unseen; our bar",
    ),
    "escapes_notable": (
        "warning",
        f"on the test set {percent(ESCAPES_NOTABLE)} of the defects or more passed unseen; our bar",
    ),
    "escapes_low": (
        "info",
        f"on the test set less than {percent(ESCAPES_NOTABLE)} of the defects passed unseen",
    ),
    "precision_of_test_set": (
        "info",
        "the share of good parts among the rejects of the test set, which no line shares",
    ),
    "metrics_best_case": ("info", "reported metrics are likely a best case"),
    "files_unread": (
        "warning",
        "files of the archive that could not be read and that could change the answer",
    ),
    "index_stale": (
        "warning",
        "the archive's files could not be looked at lately: the answer is of what was held then",
    ),
    "records_disagree": ("warning", "several saved records name different statuses"),
    "answer_shortened": ("info", "too long for one answer: what was left out, and how to get it"),
    # listings
    "project_failed": ("warning", "a project whose models could not be listed"),
    "listing_cut": ("warning", "the time limit ran out before the listing was complete"),
    # what had to be done to the record
    "member_unusable": ("warning", "a member whose value cannot be read and is left out, and why"),
    "text_shortened": ("info", "a text was longer than 500 characters"),
    # evaluation files
    "evaluation_mismatch": ("critical", "an evaluation file is of another model or training"),
    "evaluation_result_unread": ("warning", "the EvaluationResult could not be read, and why"),
    "evaluation_manifest_unread": ("warning", "the EvaluationManifest could not be read, and why"),
    "counts_unknown": ("info", "no manifest: no counts, no intervals, no single images"),
    "counts_recovered": ("info", "no manifest: the only counts that give the reported figures"),
    "counts_ambiguous": ("info", "no manifest: several counts give the reported figures"),
    "metrics_disagree": ("warning", "the EvaluationResult's metrics are not those recounted"),
    "description_disagrees": ("warning", "DescribeModel's metrics are not the evaluation files'"),
    "test_set_size_differs": ("warning", "the two files count different numbers of test images"),
    "unusable_lines": ("warning", "lines of a manifest or of predictions that are in no count"),
    "duplicate_images": ("warning", "manifest lines that repeat an image; each is counted"),
    "manifest_too_long": ("warning", "too many images to keep: counted, not analysed one by one"),
    "small_test_set": ("warning", "too few anomalous or normal test images to be sure"),
    "perfect_on_few": ("warning", "no error, but on few test images"),
    "scores_confirmed": ("info", "scores from confidence reproduce the reported ROC AUC and AP"),
    "scores_unconfirmed": ("info", "scores from confidence fit the predictions, no more is known"),
    "scores_unusable": ("warning", "not every image has a score, or no cut explains the verdicts"),
    "threshold_client_side": ("info", "another threshold is a rule of the caller, not the service"),
    "threshold_unanswerable": ("warning", "nothing can be said of the cut asked for, and why"),
    "candidates_left_out": ("info", "cuts that can be cheapest without a row, for want of room"),
    "defect_rate_high": ("warning", "a defect rate so high that another unit may be meant"),
    "defect_rate_needed": ("warning", "costs without the line's defect rate: nothing is priced"),
    "three_policies_only": ("warning", "no cut can be priced, only as it is, nothing, everything"),
    "cost_chosen_here": ("info", "the cheapest cut was chosen on these images: really costs more"),
    "counts_needed": ("warning", "what was asked for needs counts that are not known"),
    "precision_falls_on_line": ("warning", "precision at the defect rate is much lower"),
    "line_incomplete": ("info", "a number for the line is not known, and why"),
    "weak_label": ("warning", "an anomaly label with low recall or average IoU"),
    # answers about two models
    "margin_wide": ("warning", "a margin that lets errors grow by more than the default does"),
    "trade_off": ("warning", "proven better in one question and worse in the other"),
    "images_left_out": ("info", "images of a comparison that are not compared, and why"),
    "cuts_chosen_here": ("info", "the baseline's cut was chosen on these images, and what it adds"),
    "several_comparisons": ("info", "several pairs were tested, so each must pass a stricter test"),
    "labels_to_doubt": (
        "info",
        "images that every model asked which was tested on them judges against their label",
    ),
    # comparison
    "evidence_at_hand": ("info", "there are evaluation files: in the archive, or named in S3"),
    "evidence_missing": ("warning", "no evaluation file of a version could be read"),
    "different_test_sets": ("warning", "the models were not judged on the same images"),
    "test_set_unknown": ("warning", "whether the test images were the same is not known"),
    "counts_missing": ("warning", "a version without counts by class, so nothing is decided"),
    # prediction sets
    "truth_missing": ("warning", "no label is known of the images that a prediction set answered"),
    "too_few_answered": ("warning", "a prediction set left out more than a tenth of the test set"),
    "unanswered_images": ("warning", "test images that a prediction set left out, as its errors"),
    "matched_by_name": ("warning", "more than a tenth of the images was matched by name alone"),
    "labels_differ": ("warning", "images whose sources of truth differ; above 5 % none is decided"),
    "images_not_unique": ("warning", "images unmatched, for their key or name is not unique"),
    "own_cut_unknown": ("info", "who chose the cut of a prediction set, and on which images"),
    "predictions_disagree": ("warning", "files that hold other predictions under one name"),
    "extra_answers": ("info", "images that a prediction set answered beyond the test set"),
    "tested_on_training_images": (
        "warning",
        "test images that the successor was trained on: how many, and how many stay",
    ),
    "training_names_shared": (
        "warning",
        "test images with no more than the name of a training image; they stay",
    ),
    "training_images_unknown": ("info", "nobody said what the successor was trained on"),
    # datasets
    "inventory_incomplete": ("warning", "files of an inventory that could not be read, and why"),
    "owner_unknown": ("warning", "dataset manifests or edge packages of no project that is known"),
    "more_is_held": ("info", "the archive holds datasets or edge packages: see the inventory"),
    "images_shared": (
        "critical",
        "images to train on that are also in a test set, by URI, content or key",
    ),
    "images_shared_by_name": (
        "info",
        "images of two sets that share only the end of a path: a hint, no proof",
    ),
    "shared_labels_differ": ("warning", "images of two sets that each set labels otherwise"),
    "other_images_of_one_key": (
        "info",
        "images of one key or name in two sets that their sizes prove to be different",
    ),
    "test_set_missing": ("info", "no test set was named, so nothing is known of shared images"),
    "training_set_missing": ("info", "no set to train on, so nothing is known of shared images"),
    "contradictory_labels": ("critical", "images of a set that are labelled anomaly and normal"),
    "repeated_images": ("warning", "images that several lines of a set have, with one label"),
    "unlabelled_images": ("warning", "images of a set without a label"),
    "class_words_unknown": ("warning", "class words of which nobody knows the class"),
    "one_class_only": ("warning", "a set with images of one class alone"),
    "dataset_cut": ("warning", "a dataset file that ends within a line"),
    "images_missing": ("critical", "images that a dataset names and a listing does not have"),
    "masks_missing": ("critical", "masks that a dataset names and a listing does not have"),
    "images_archived": (
        "warning",
        "images or masks in a storage class that must be restored before they can be read",
    ),
    "images_forbidden": ("warning", "images or masks below a prefix that may not be listed"),
    "images_not_looked_up": ("info", "whether images or masks are still there: nobody has looked"),
    # what a successor demands of a dataset
    "attribute_names": ("critical", "lines without the attributes of fixed names"),
    "job_names": ("warning", "lines whose job-name is not the name of its attribute"),
    "label_values": ("warning", "lines whose label is not written as an integer"),
    "labels_missing": ("critical", "lines without a label, which a successor cannot train on"),
    "masks_missing_normal": ("critical", "normal lines without the mask that segmentation takes"),
    "masks_missing_anomaly": ("critical", "lines of anomalies without a mask beside others with"),
    "colour_maps": ("critical", "lines whose mask has no colour map, or none with a BACKGROUND"),
    "uris_malformed": ("critical", "lines whose URI has s3:// twice, or // in its key"),
    "images_not_in_s3": ("critical", "lines that name no object of S3"),
    "images_not_on_disk": ("critical", "lines with a URI as image or mask, where files are opened"),
    "mask_names": ("critical", "masks with a colon in their name"),
    "several_buckets": ("critical", "images and masks in more than one bucket"),
    "too_few_images": ("warning", "fewer images to train on than a successor asks for"),
    "manifest_needed": ("critical", "a set that is no manifest, where one is read"),
    "table_needed": ("critical", "a set that is neither a table of anomalib's nor folders"),
    "normal_images_missing": ("critical", "no normal image to train on, for what learns from them"),
    "anomalies_in_training": ("critical", "anomalies to train on, for what refuses them"),
}
"""Severity and meaning of every finding, by its code. A code never changes its meaning."""


_SEVERITIES: Final = ("critical", "warning", "info")
"""The severities, the gravest first."""


def finding(code: str, message: str, advice: str = "") -> Finding:
    """Make a finding, with the severity that `FINDINGS` gives its code.

    Args:
        code: a code of `FINDINGS`.
        message: what was found, as whole sentences.
        advice: what the reader can do about it, as whole sentences; empty for none.

    Raises:
        KeyError: `FINDINGS` does not have the code.
    """
    return Finding(code=code, severity=FINDINGS[code][0], message=message, advice=advice or None)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, the gravest first; findings of one severity keep their order."""
    return sorted(findings, key=lambda found: _SEVERITIES.index(found.severity))


def has_precedence(found: Finding, other: Finding) -> bool:
    """Whether a finding is graver than another one."""
    return _SEVERITIES.index(found.severity) < _SEVERITIES.index(other.severity)


def as_line(found: Finding) -> str:
    """A finding as one line of a readable digest: severity, code, message and advice.

    For example `- critical escapes_high: About 1 defect in 4 passes unseen (recall 0.75).`
    """
    advice = "" if found.advice is None else f" {found.advice}"
    return f"- {found.severity} {found.code}: {found.message}{advice}"
