"""The contract suite itself is held to account: it fails on every connector that has one mistake."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from connectors.base import Connector, Context
from connectors.errors import SourceError
from tests.connectors.contract import broken, broken_answers
from tests.connectors.contract.broken import Broken
from tests.connectors.contract.rules import RULES, check, name
from tests.connectors.contract.rules_reading import Rule
from tests.connectors.contract.simulated import GitHubSource, JiraSource
from tests.connectors.contract.source import Source

BY_NAME: dict[str, Rule] = {name(rule): rule for rule in RULES}

CASES: list[tuple[type[Broken], str, str]] = [
    (broken.ListsAScopeTwice, "github", "scopes_are_listed_once_each"),
    (broken.HidesRefusedScopes, "github", "a_scope_that_is_refused_stops_no_other"),
    (broken.OneRefusedScopeStopsAll, "github", "a_scope_that_is_refused_stops_no_other"),
    (broken.ListsNothingInsteadOfRefusing, "github", "nothing_to_be_seen_is_no_empty_list"),
    (broken.StopsBeforeTheLastPage, "github", "a_full_reading_is_complete"),
    (broken.StopsBeforeTheLastPage, "jira", "a_full_reading_is_complete"),
    (broken.RefusesAnEmptyScope, "github", "an_empty_scope_is_read_as_empty"),
    (broken.HoldsEverythingInMemory, "github", "a_page_is_no_larger_than_a_page"),
    (broken.CountsPagesInOrderOfChange, "github", "edits_between_pages_lose_no_item"),
    (broken.CountsPagesInOrderOfChange, "jira", "edits_between_pages_lose_no_item"),
    (broken_answers.CutsTheIdsShort, "jira", "deletes_between_pages_lose_no_other_item"),
    (broken.ResumesAPageTooFar, "github", "a_reading_goes_on_behind_any_page"),
    (broken.NeverResumes, "github", "a_reading_goes_on_behind_any_page"),
    (broken.ResumesAPageTooFar, "jira", "a_reading_goes_on_behind_any_page"),
    (broken.CountsPagesInOrderOfChange, "jira", "edits_before_a_reading_goes_on_are_found_by_the_next"),
    (broken.TakesTheLargestUpdate, "github", "the_clock_is_that_of_the_tool"),
    (broken.TakesOurClock, "jira", "the_clock_is_that_of_the_tool"),
    (broken.LeavesTheBoundaryOut, "github", "an_edit_at_the_very_boundary_is_read"),
    (broken.StallsInATie, "github", "many_edits_of_one_moment_are_all_read"),
    (broken.HasACeiling, "github", "an_old_item_is_read_again_when_it_changes"),
    (broken.ReadsOnlyWhatIsNew, "github", "an_old_item_is_read_again_when_it_changes"),
    (broken.LeavesFinishedItemsAlone, "jira", "a_finished_item_is_read_again_when_it_changes"),
    (broken.ReadsEverythingEachTime, "github", "what_has_not_changed_is_not_read_again"),
    (broken.IgnoresValidators, "github", "an_unchanged_scope_answers_that_it_is_unchanged"),
    (broken.OnlyAddsLabels, "github", "labels_are_replaced_as_a_set"),
    (broken.GivesOneContainerOnly, "github", "containers_are_given_in_full"),
    (broken.CallsContainersUnchanged, "github", "containers_are_given_in_full"),
    (broken.CountsNoRequests, "github", "requests_are_counted"),
    (broken.LeavesTextsAsTheyCome, "github", "texts_are_clean"),
    (broken.ForgetsTheZone, "github", "instants_are_in_utc_and_lists_without_repetition"),
    (broken.RepeatsLabels, "github", "instants_are_in_utc_and_lists_without_repetition"),
    (broken.KeepsOneScopeForAllThreads, "github", "readings_side_by_side_do_not_mix"),
    (broken_answers.MatchesNothingWhenRefused, "github", "a_query_gives_what_it_matches"),
    (broken_answers.MatchesNothingWhenRefused, "jira", "a_query_gives_what_it_matches"),
    (broken_answers.CutsTheIdsShort, "jira", "ids_are_complete_or_none"),
    (broken_answers.ListsIdsOfTheDeparted, "jira", "ids_are_complete_or_none"),
    (broken_answers.CallsHiddenDeleted, "jira", "what_is_hidden_is_not_called_deleted"),
    (broken_answers.CallsHiddenDeleted, "jira", "what_is_deleted_is_told_as_far_as_it_is_proven"),
    (broken_answers.CallsDeletedHidden, "github", "what_is_deleted_is_told_as_far_as_it_is_proven"),
    (broken_answers.ForgetsSomeWhenLooking, "jira", "what_is_there_is_looked_at_as_it_is_read"),
    (broken_answers.LooksInTheOldPlaceOnly, "jira", "what_has_moved_is_found_where_it_is"),
    (broken_answers.TakesATransferForALoss, "github", "what_has_moved_is_found_where_it_is"),
    (broken_answers.LosesAllWithTheScope, "jira", "nothing_is_told_of_a_scope_that_cannot_be_read"),
    (broken_answers.LosesAllWithTheScope, "github", "nothing_is_told_of_a_scope_that_cannot_be_read"),
    (broken_answers.TakesARefusalForEmpty, "github", "what_a_person_must_mend_is_refused"),
    (broken_answers.TakesARefusalForEmpty, "github", "no_refusal_is_an_empty_answer"),
    (broken_answers.RefusesWithoutAdvice, "github", "what_a_person_must_mend_is_refused"),
    (broken_answers.GivesUpAtOnce, "github", "what_may_pass_is_tried_again"),
    (broken_answers.EndsQuietlyWhenItBreaks, "github", "what_may_pass_is_tried_again"),
    (broken_answers.DropsWhatCameLate, "github", "a_passing_fault_loses_nothing"),
    (broken_answers.DropsBadRecords, "github", "a_bad_record_is_set_aside_and_the_page_goes_on"),
    (broken_answers.LosesThePageOfABadRecord, "github", "a_bad_record_is_set_aside_and_the_page_goes_on"),
    (broken_answers.TakesAStopForTheEnd, "github", "a_stopped_reading_is_no_complete_one"),
    (broken_answers.TakesAStopForTheEnd, "github", "a_wait_can_be_cancelled"),
    (broken_answers.WaitsLessThanTold, "github", "a_wait_is_as_long_as_told"),
    (broken_answers.FallsOverInDoctor, "github", "doctor_tells_what_is_wrong_instead_of_failing"),
]


class Spoilt:
    """A source whose connectors have a mistake."""

    def __init__(self, source: Any, mistake: type[Broken]) -> None:
        self._source = source
        self._mistake = mistake

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def connector(self, context: Context, *scopes: str) -> Connector:
        return cast("Connector", self._mistake(self._source, context, *scopes))


def spoilt(source: Any, mistake: type[Broken]) -> Source:
    return cast("Source", Spoilt(source, mistake))


@pytest.fixture(scope="module")
def sources() -> Iterator[dict[str, Any]]:
    made: dict[str, Any] = {"github": GitHubSource(), "jira": JiraSource("cloud")}
    yield made
    for source in made.values():
        source.close()


@pytest.mark.parametrize("mistake, tool, rule", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_a_connector_with_a_mistake_does_not_pass(
    sources: dict[str, Any], mistake: type[Broken], tool: str, rule: str
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, SourceError)):
        check(BY_NAME[rule], spoilt(sources[tool], mistake))


@pytest.mark.parametrize("tool", ["github", "jira"])
def test_what_only_hands_on_passes(sources: dict[str, Any], tool: str) -> None:
    for rule in dict.fromkeys(rule for _, at, rule in CASES if at == tool):
        check(BY_NAME[rule], spoilt(sources[tool], Broken))


def test_every_rule_is_broken_once_and_every_mistake_is_used() -> None:
    made = [*vars(broken).values(), *vars(broken_answers).values()]
    mistakes = {one for one in made if isinstance(one, type) and issubclass(one, Broken)} - {Broken}
    assert {mistake for mistake, _, _ in CASES} == mistakes
    assert [rule for rule in BY_NAME if rule not in {rule for _, _, rule in CASES}] == []
