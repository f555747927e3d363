"""What every pulled kind of object has in common: nothing lost, nothing twice, codes."""

from __future__ import annotations

import httpx
import pytest
from pull_calendly import CALENDLY
from pull_case import SECRET, Tokens
from pull_hubspot import HUBSPOT
from pull_meta import META
from pull_salesforce import SALESFORCE
from pull_stripe import STRIPE

from dbt_project.catalogue import entry
from ingestion.contracts import ContractSet
from ingestion.errors import LogUnavailableError

VENDORS = (HUBSPOT, SALESFORCE, STRIPE, CALENDLY, META)


def _chosen(quick):
    """All kinds of objects, of which only these are no long test."""
    every = [each for vendor in VENDORS for each in vendor]
    return [each if each in quick else pytest.param(each, marks=pytest.mark.slow) for each in every]


@pytest.fixture(params=_chosen([HUBSPOT[0]]), ids=str)
def case(request):
    """All that concerns the client alone is the same for every vendor."""
    return request.param


@pytest.fixture(params=_chosen([*(vendor[0] for vendor in VENDORS), HUBSPOT[3], META[1]]), ids=str)
def each_vendor(request):
    return request.param


def test_everything_is_pulled_once(lab, each_vendor):
    """The first pull stores every object, the second one nothing."""
    each_vendor.seed(lab.url, 3)
    first, second = lab.pull(each_vendor), lab.pull(each_vendor)
    assert (None, 3, 3) == (first.code, first.read, first.new)
    assert (None, 0) == (second.code, second.new)
    assert 3 == len(lab.events(each_vendor))


def test_what_is_pulled_keeps_its_contract(lab, each_vendor):
    """No object is quarantined."""
    each_vendor.seed(lab.url, 2)
    lab.pull(each_vendor)
    contracts = ContractSet.load()
    events = lab.log.read(source=each_vendor.name, kind="pull")
    assert [None, None] == [contracts.check(each.source, each.body).problem_code for each in events]


def test_a_change_is_a_new_version(lab, case):
    """Of many objects only that which changed is stored again."""
    case.seed(lab.url, 3)
    lab.pull(case)
    lab.pass_time(hours=2)
    case.change(lab.url)
    assert 1 == lab.pull(case).new


def test_all_pages_are_read(lab, case):
    """More objects than a page holds arrive, each once."""
    case.seed(lab.url, case.page + 5)
    assert case.page + 5 == lab.pull(case).new


def test_a_later_pull_does_not_read_everything(lab, case):
    """The cursor is kept: what changed long before it is not asked for again."""
    case.seed(lab.url, 4)
    lab.pull(case)
    lab.pass_time(hours=3)
    lab.pull(case)
    lab.pass_time(hours=3)
    case.change(lab.url)
    report = lab.pull(case)
    assert (4 if case.rereads else 1, 1) == (report.read, report.new)


def test_a_limit_is_waited_for(lab, case):
    """After 429 the request is made again, each attempt with a permit of its own."""
    case.seed(lab.url, 1)
    lab.fault(case, "status_429", first=1)
    report = lab.pull(case)
    assert (None, 1) == (report.code, report.new)
    assert 2 == sum(case.path in path for path in lab.permits)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status_503", "PULL_VENDOR_FAILED"),
        ("status_429", "PULL_LIMITED"),
        ("status_400", "PULL_REFUSED"),
        ("malformed", "PULL_ANSWER_MALFORMED"),
        ("drop_before", "PULL_UNREACHABLE"),
    ],
)
def test_trouble_has_a_code(lab, case, fault, code):
    """A vendor that does not recover is told with a code and a remedy; the next pull has it all."""
    case.seed(lab.url, 2)
    lab.fault(case, fault)
    report = lab.pull(case)
    assert code == report.code
    assert entry(code).remedy
    assert lab.url not in report.message
    httpx.post(f"{lab.url}/_faults", json={"rules": []})
    assert (None, 2) == (lab.pull(case).code, len(lab.events(case)))


def test_short_trouble_passes(lab, case):
    """One failure of the vendor is tried again within the pull."""
    case.seed(lab.url, 1)
    lab.fault(case, "status_503", first=1)
    assert (None, 1) == ((report := lab.pull(case)).code, report.new)


def test_a_wrong_token_is_told_without_it(lab, case, caplog):
    """Refused credentials have a code, and the token is in no text."""
    report = lab.pull(case, tokens=Tokens(f"invalid-{SECRET}"))
    assert "PULL_CREDENTIALS_REFUSED" == report.code
    assert SECRET not in caplog.text + repr(report)


def test_a_refused_token_is_renewed(lab, case):
    """A token that expired is replaced within the pull."""
    case.seed(lab.url, 1)
    report = lab.pull(case, tokens=Tokens("expired", spare=SECRET))
    assert (None, 1) == (report.code, report.new)


def test_killed_after_the_append(lab, case, monkeypatch):
    """When the process ends between the append and the cursor, the next pull repeats, and nothing
    is stored twice."""
    case.seed(lab.url, 3)

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ingestion.pulls.state.PullState.advance", killed)
        patch.setattr("ingestion.pulls.state.PullState.finish", killed)
        with pytest.raises(KeyboardInterrupt):
            lab.pull(case)
    assert 3 == len(lab.events(case))
    assert (3, 0) == ((report := lab.pull(case)).read, report.new)


def test_killed_before_the_append(lab, case, monkeypatch):
    """When the log cannot be written, the cursor stays, and the next pull has everything."""
    case.seed(lab.url, 3)

    def unavailable(*_arguments):
        raise LogUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(lab.log, "append", unavailable)
        assert "LOG_UNAVAILABLE" == lab.pull(case).code
    assert 3 == lab.pull(case).new


@pytest.mark.parametrize("is_told", [True, False])
def test_what_the_webhook_dropped_is_found(lab, each_vendor, is_told):
    """A change of which no webhook told within the hour is counted, once; one that was told is
    not."""
    if each_vendor.webhook is None:
        pytest.skip("The vendor has no webhook for it.")
    each_vendor.seed(lab.url, 2)
    assert 0 == lab.pull(each_vendor, has_webhook=True).dropped
    lab.pass_time(minutes=10)
    each_vendor.change(lab.url)
    report = lab.pull(each_vendor, has_webhook=True)
    assert (int(not each_vendor.as_told), 0) == (report.new, report.dropped), "it may still come"
    if is_told:
        lab.deliver(each_vendor)
    counts = []
    for _ in range(3):
        lab.pass_time(minutes=50)
        counts.append(lab.pull(each_vendor, has_webhook=True).dropped)
    assert int(not is_told) == sum(counts)
    assert int(not (is_told and each_vendor.as_told)) + 2 == len(lab.events(each_vendor))


def test_without_webhooks_none_is_dropped(lab, case):
    """An installation that takes none of the vendor's webhooks misses none."""
    case.seed(lab.url, 1)
    lab.pull(case)
    lab.pass_time(minutes=10)
    case.change(lab.url)
    lab.pass_time(hours=2)
    assert (1, 0) == ((report := lab.pull(case)).new, report.dropped)
