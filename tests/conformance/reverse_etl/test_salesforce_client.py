"""jsforce, the Salesforce client for Node, works against the sandbox, so it is a fair stand-in.

The client is installed once, into pytest's cache; without Node or the registry this is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess

import httpx
import pytest

from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.salesforce import Salesforce
from reverse_etl.sandbox.server import serving

VERSION = "3.10.14"  # later ones need Node 22
NODE, NPM = shutil.which("node"), shutil.which("npm")
PRELUDE = """
const jsforce = require("jsforce");
const url = process.argv[1];
const connect = (accessToken, more = {}) =>
  new jsforce.Connection({ instanceUrl: url, accessToken, version: "62.0", ...more });
const main = async () => { %s };
main().then(
  (told) => console.log(JSON.stringify(told)),
  (error) => console.log(JSON.stringify({ text: String(error) })),
);
"""


@pytest.fixture(scope="session")
def client(request):
    """The folder that jsforce is installed in."""
    if not NODE or not NPM:
        pytest.skip("Node and npm are not installed")
    folder = request.config.cache.mkdir(f"jsforce-{VERSION}")
    if not (folder / "node_modules" / "jsforce").exists():
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        done = subprocess.run(
            [NPM, "install", *options, f"jsforce@{VERSION}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode:
            pytest.skip(f"jsforce cannot be installed: {done.stderr[-200:]}")
    return folder


@pytest.fixture(scope="module")
def server():
    with serving(create_app(salesforce=Salesforce(job_seconds=0.1))) as url:
        yield url


@pytest.fixture
def run(client, server):
    """A function that runs a script with jsforce against an empty org and gives its answer."""
    httpx.post(f"{server}/_reset").raise_for_status()

    def node(script):
        done = subprocess.run(
            [NODE, "-e", PRELUDE % script, server],
            cwd=client,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return node


@pytest.fixture
def objects(server):
    """A function that gives what the org holds of an object."""

    def held(kind):
        return httpx.get(f"{server}/_state/salesforce").json()["objects"][kind]

    return held


def test_the_client_creates_reads_changes_and_deletes(run, objects):
    """A single record lives and dies; a deleted one is told by its error code."""
    told = run("""
        const lead = connect("good").sobject("Lead");
        const made = await lead.create({ LastName: "Lovelace", Company: "Engines" });
        const first = await lead.retrieve(made.id);
        await lead.update({ Id: made.id, Title: "Countess" });
        const second = await lead.retrieve(made.id);
        await lead.destroy(made.id);
        const gone = await lead.retrieve(made.id).catch((error) => error.errorCode);
        return { made, first, second, gone };
    """)
    assert told["made"]["success"] is True
    assert len(told["made"]["id"]) == 18
    assert (told["first"]["LastName"], told["second"]["Title"]) == ("Lovelace", "Countess")
    assert told["gone"] == "ENTITY_IS_DELETED"
    assert objects("Lead") == []


def test_the_client_sees_a_missing_field(run):
    """A required field that is missing is an error with Salesforce's code and the field's name."""
    told = run("""
        const error = await connect("good").sobject("Lead").create({ LastName: "x" })
            .catch((error) => error);
        return { code: error.errorCode, fields: error.data && error.data.fields };
    """)
    assert told["code"] == "REQUIRED_FIELD_MISSING"


def test_the_client_upserts_by_external_id(run, objects):
    """One at a time and as a collection, a second upsert changes what the first one made."""
    told = run("""
        const lead = connect("good").sobject("Lead");
        const rows = [1, 2, 3].map((n) => (
            { Millrace_Id__c: `p${n}`, LastName: "Lovelace", Company: "Engines" }));
        const alone = await lead.upsert(rows[0], "Millrace_Id__c");
        const first = await lead.upsert(rows, "Millrace_Id__c");
        const second = await lead.upsert(
            rows.map((row) => ({ ...row, Title: "Countess" })), "Millrace_Id__c");
        const wrong = await lead.upsert(
            [rows[0], { ...rows[1], Email: "nobody" }], "Millrace_Id__c");
        return { alone, first, second, wrong };
    """)
    assert [item["created"] for item in told["first"]] == [False, True, True]
    assert told["alone"]["id"] == told["first"][0]["id"]
    assert [item["id"] for item in told["first"]] == [item["id"] for item in told["second"]]
    assert [item["success"] for item in told["wrong"]] == [True, False]
    assert told["wrong"][1]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert {item["Title"] for item in objects("Lead")} == {"Countess"}


def test_the_client_sees_several_matches(run):
    """A key that two records have is no answer to an upsert: 300."""
    told = run("""
        const lead = connect("good").sobject("Lead");
        const row = { LastName: "Lovelace", Company: "Engines", Legacy_Id__c: "same" };
        await lead.create([row, row]);
        return await lead.upsert({ ...row, Title: "x" }, "Legacy_Id__c")
            .then((found) => ({ found }), (error) => ({ code: error.errorCode || error.name }));
    """)
    assert told["code"] == "MULTIPLE_CHOICES"


def test_the_client_queries(run):
    """Conditions with = and IN, quotes and a limit are understood; so is describe."""
    told = run("""
        const conn = connect("good");
        await conn.sobject("Account").create(
            ["O'Neill", "Byron", "Babbage"].map((Name) => ({ Name, NumberOfEmployees: 3 })));
        const quoted = await conn.query("SELECT Id, Name FROM Account WHERE Name = 'O\\\\'Neill'");
        const listed = await conn.sobject("Account").find(
            { Name: ["Byron", "Babbage"] }, ["Name"]).limit(5);
        const fields = (await conn.sobject("Account").describe()).fields.map((f) => f.name);
        return { quoted: quoted.records.map((r) => r.Name),
                 listed: listed.map((r) => r.Name), fields };
    """)
    assert told["quoted"] == ["O'Neill"]
    assert sorted(told["listed"]) == ["Babbage", "Byron"]
    assert "Millrace_Id__c" in told["fields"]


def test_the_client_refreshes_an_expired_session(run, objects):
    """INVALID_SESSION_ID makes the client ask for another token and go on with it."""
    told = run("""
        const oauth2 = { clientId: "app", clientSecret: "s", loginUrl: url };
        const conn = connect("expired", { oauth2, refreshToken: "r" });
        const tokens = [];
        conn.on("refresh", (token) => tokens.push(token));
        const made = await conn.sobject("Account").create({ Name: "Engines" });
        return { made, tokens, now: conn.accessToken };
    """)
    assert told["made"]["success"] is True
    assert told["tokens"] == [told["now"]]
    assert len(objects("tokens")) == 1


def test_the_client_sees_a_refused_refresh_token(run):
    """A refresh token that is no good ends in an error, not in a loop."""
    told = run("""
        const oauth2 = { clientId: "app", loginUrl: url };
        const conn = connect("expired", { oauth2, refreshToken: "invalid" });
        return await conn.sobject("Account").create({ Name: "Engines" });
    """)
    assert "expired access/refresh token" in told["text"]


def test_the_client_reads_the_limits(run):
    """The client takes the usage from the header of each answer."""
    told = run("""
        const conn = connect("good");
        await conn.sobject("Account").create({ Name: "Engines" });
        const limits = await conn.request("/limits");
        return { info: conn.limitInfo, limits };
    """)
    assert told["info"]["apiUsage"] == {"used": 2, "limit": 100_000}
    assert told["limits"]["DailyApiRequests"]["Max"] == 100_000


def test_the_client_loads_in_bulk(run, objects):
    """A bulk upsert tells which rows went and which failed, and why."""
    told = run("""
        const conn = connect("good");
        const rows = [1, 2, 3].map((n) => (
            { Millrace_Id__c: `p${n}`, LastName: `O"${n}`, Company: "Engines, Ltd", Email: "" }));
        rows.push({ Millrace_Id__c: "p4", LastName: "x", Company: "y", Email: "nobody" });
        return await conn.bulk2.loadAndWaitForResults({
            object: "Lead", operation: "upsert", externalIdFieldName: "Millrace_Id__c",
            input: rows, pollInterval: 50, pollTimeout: 10000 });
    """)
    assert len(told["successfulResults"]) == 3
    assert told["successfulResults"][0]["sf__Created"] == "true"
    (failed,) = told["failedResults"]
    assert failed["Millrace_Id__c"] == "p4"
    assert failed["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")
    assert told["unprocessedRecords"] == []
    assert {item["LastName"] for item in objects("Lead")} == {'O"1', 'O"2', 'O"3'}
