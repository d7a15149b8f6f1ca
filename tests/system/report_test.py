"""The report of a version: whole, safe, and readable by everybody."""
import html.parser
import json
import os
import re
import shutil
import subprocess

from harness import ROOT, Skip, assay, copied, directory, main, read, test, write

MORE = """
evaluation:
  entity: customer_id
  amount: amount
  segments: [channel]
  budget: {alarms: 10}
  cost: {handling: 5, insult: 10, loss_given_fraud: 1, chargeback: 20}
bias:
  facets:
    - {column: channel, value: online}
    - {column: amount, from: 50}
"""


def project(cwd, name="cards-fraud", versions=2):
    copied(cwd, trained, name, versions)


def trained(cwd, name, versions):
    assay("generate", "cards", "--rows", 400, "--days", 100, "--out", ".", cwd=cwd)
    text = read(ROOT, "examples", "cards", "assay.yaml")
    text = text.replace("project: cards-fraud", f"project: {json.dumps(name)}")
    write(cwd, "assay.yaml", text + MORE)
    for rounds in (20, 40)[:versions]:
        assay("train", "--set", f"model.rounds={rounds}", cwd=cwd)


class Page(html.parser.HTMLParser):
    """Tags in their nesting, the words, and whatever a browser would fetch or run."""
    VOID = {"meta", "path", "circle", "rect", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.fetched, self.headings = [], [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_startendtag(self, tag, attrs):
        self.look(tag, attrs)

    def handle_starttag(self, tag, attrs):
        self.look(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def look(self, tag, attrs):
        assert tag not in ("script", "iframe", "object", "link", "img", "form"), tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in ("src", "href") or "url(" in (value or ""):
                self.fetched.append((tag, value))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        self.words.append(data)


@test
def a_report_has_every_part_and_fetches_nothing():
    with directory() as cwd:
        project(cwd)
        assay("models", "approve", 2, "--comment", "looked at <b>everything</b> & found it good",
              cwd=cwd)
        assay("report", 2, "--out", "report.html", cwd=cwd)
        page = Page(read(cwd, "report.html"))
        assert page.fetched == [], page.fetched
        assert page.headings == ["Summary", "Verdict", "Metrics", "ROC and PR curves", "Scores",
                                 "Calibration", "Budget and money", "Segments", "Explanations",
                                 "Bias", "Leaks", "Lineage"], page.headings
        words = " ".join(page.words)
        shown = json.loads(assay("models", "show", 2, cwd=cwd).text)
        assert shown["comparison"]["why"] in words
        assert "looked at <b>everything</b> & found it good" in words
        for name in ("roc_auc >= 0.7", "card_precision", "value_recall", "insult_rate", "savings",
                     "online", "DPL", "shared_id", shown["lineage"]["prepared"]["data_sha256"][0]):
            assert name in words, name
        facet = shown["bias"]["post_training_bias_metrics"]["facets"]["channel"][0]
        assert facet["verdict"] in words and "Who is stopped" in words
        assert f"{facet['rates']['rest']['false_positive_rate']['value']:.4g}" in words
        text = read(cwd, "report.html")
        assert "Partial dependence" in text
        swarm = shown["explanations"]["beeswarm"]["features"][:12]
        dots = sum(path.count("h0") for path in re.findall(r'class="swarm \w+" d="([^"]*)"', text))
        assert dots == sum(len(feature["points"]) for feature in swarm), dots
        metric = shown["evaluation"]["classification_metrics"]["pr_auc"]
        assert f"{metric['value']:.4g}" in words and f"{metric['interval_95'][0]:.4g}" in words


@test
def the_page_is_the_same_from_a_version_and_changes_with_it():
    with directory() as cwd:
        project(cwd)
        first, again = assay("report", 1, cwd=cwd).text, assay("report", 1, cwd=cwd).text
        assert first == again and first != assay("report", 2, cwd=cwd).text


@test
def what_a_name_says_is_shown_and_not_obeyed():
    with directory() as cwd:
        project(cwd, name="</title><script>alert('x')</script>", versions=1)
        text = assay("report", cwd=cwd).text
        assert "<script" not in text
        assert "</title><script>alert('x')</script>" in " ".join(Page(text).words)


@test
def an_imported_model_has_a_report_that_says_what_it_lacks():
    with directory() as cwd:
        project(cwd, versions=1)
        assay("models", "export", "champion", "--out", "sealed.bundle", cwd=cwd)
        Page(assay("report", "--bundle", "sealed.bundle", cwd=cwd).text)
        assay("models", "export", "champion", "--as", "xgboost-json", "--out", "model.json",
              cwd=cwd)
        assay("models", "import", "model.json", cwd=cwd)
        words = " ".join(Page(assay("report", 2, cwd=cwd).text).words)
        assert "carries no evaluation" in words and "carries no explanations" in words


@test
def the_model_card_has_sagemakers_names_and_our_figures():
    with directory() as cwd:
        project(cwd, versions=1)
        write(cwd, "assay.yaml", read(cwd, "assay.yaml") + "card:\n  owner: risk team\n"
              "  purpose: stop stolen cards\n  risk_rating: High\n  caveats: not for wires\n")
        assay("train", "--set", "model.rounds=25", "--set", "challenge.mode=off", cwd=cwd)
        assay("report", 2, "--card", "--out", "card.json", cwd=cwd)
        card = json.loads(read(cwd, "card.json"))
        assert list(card) == ["model_overview", "intended_uses", "business_details",
                              "training_details", "evaluation_details", "additional_information"]
        assert card["model_overview"]["model_owner"] == "risk team"
        assert card["intended_uses"] == {"purpose_of_model": "stop stolen cards",
                                         "risk_rating": "High"}
        assert card["additional_information"]["caveats_and_recommendations"] == "not for wires"
        shown = json.loads(assay("models", "show", 2, cwd=cwd).text)
        groups = {g["name"]: {m["name"]: m["value"] for m in g["metric_data"]}
                  for g in card["evaluation_details"][0]["metric_groups"]}
        assert groups["binary_classification_metrics"]["pr_auc"] == \
            shown["evaluation"]["classification_metrics"]["pr_auc"]["value"]
        assert groups["cost"]["savings"] == shown["evaluation"]["cost"]["at_threshold"]["savings"]
        assert "bias: channel online" in groups, list(groups)
        for group in card["evaluation_details"][0]["metric_groups"]:
            for metric in group["metric_data"]:
                assert metric["type"] == "number" and isinstance(metric["value"], (int, float))
        parameters = {p["name"]: p["value"] for p in
                      card["training_details"]["training_job_details"]["hyper_parameters"]}
        assert parameters == shown["lineage"]["training"]["parameters"]
        assert any(key.startswith("mean |SHAP| of")
                   for key in card["additional_information"]["custom_details"])


# ---------------------------------------------------------------- in a browser

def chromium():
    found = shutil.which("chromium")
    if found is None and os.geteuid() == 0:
        subprocess.run(["apt-get", "-q", "install", "-y", "--no-install-recommends", "chromium"],
                       check=False, capture_output=True,
                       env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
        found = shutil.which("chromium")
    if found is None:
        raise Skip("chromium cannot be installed here")
    return found


def axe():
    """axe-core's one file, from the package registry."""
    folder = os.path.join(ROOT, "build", "tools", "axe-core")
    path = os.path.join(folder, "package", "axe.min.js")
    if not os.path.exists(path):
        if shutil.which("npm") is None:
            raise Skip("npm, which gets axe-core, is not installed")
        os.makedirs(folder, exist_ok=True)
        got = subprocess.run(["npm", "pack", "axe-core@4"], cwd=folder, check=False,
                             capture_output=True, text=True)
        if got.returncode != 0:
            raise Skip("axe-core cannot be had: " + got.stderr.strip()[-120:])
        subprocess.run(["tar", "xzf", got.stdout.split()[-1]], cwd=folder, check=True)
    with open(path, encoding="utf-8") as file:
        return file.read()


RUN = """<script>axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa',
'best-practice']}).then(function (found) {
  var out = document.createElement('pre'); out.id = 'found';
  out.textContent = JSON.stringify({passes: found.passes.length,
    wide: document.documentElement.scrollWidth > window.innerWidth,
    violations: found.violations.map(function (v) { return [v.id, v.impact, v.nodes.length,
      v.nodes[0].html.slice(0, 200)]; })});
  document.body.appendChild(out); });</script>"""


def browse(cwd, page, *flags):
    """What axe finds on the page; the policy that forbids scripts is taken out of the copy."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    page = page.replace("</body>", f"<script>{axe()}</script>{RUN}</body>")
    write(cwd, "copy.html", page)
    done = subprocess.run(
        [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={cwd}/profile", "--virtual-time-budget=20000", *flags, "--dump-dom",
         f"file://{cwd}/copy.html"], capture_output=True, text=True, check=False, timeout=180)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(html.unescape(found.group(1)))


@test
def axe_finds_nothing_wrong_on_a_desk_on_a_phone_and_in_the_dark():
    with directory() as cwd:
        project(cwd)
        page = assay("report", 2, cwd=cwd).text
        for flags in (("--window-size=1280,900",), ("--window-size=500,900",),
                      ("--window-size=1280,900", "--blink-settings=preferredColorScheme=0")):
            found = browse(cwd, page, *flags)
            assert found["violations"] == [], found["violations"]
            assert found["passes"] >= 15, found
            assert not found["wide"], f"the page is wider than the window, {flags}"
        broken = browse(cwd, page.replace("<html lang=\"en\">", "<html>"))
        assert "html-has-lang" in [v[0] for v in broken["violations"]], broken


if __name__ == "__main__":
    main()
