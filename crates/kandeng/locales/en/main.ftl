# Texts of the command line. The same keys stand in every language.

error = error: { $problem }
warning = warning: { $problem }
error-file = error: { $path } cannot be read or written: { $problem }
error-disk-full = error: the disk is full while { $path } was written; nothing was left behind ({ $problem })
stopped = stopped; nothing was left behind
place-row = row { $row }
place-value = { "" } (found "{ $value }")
list-comma = , { "" }

help = Screens filings of public projects and open contracting data: what does not add up is marked red and explained.
help-screen = Screen a workbook, a folder of CSV or Parquet files, or OCDS data.
help-template = Write the workbook to fill in.
help-rules = The rules: list, explain, test, document, profile.
help-rules-list = List the rules.
help-rules-show = Explain one rule in full.
help-rules-test = Run the fixtures of all rules, or of those named.
help-rules-docs = Write one page for each rule.
help-rules-profile = Show time, memory and plan of every statement over an input.
help-synth = Write a fictional county, or fictional contracting data, with planted irregularities.
help-demo = Write a small fictional county, screen it, and show where the red workbook lies.

arg-lang = Language: zh or en (default: from the locale, else zh)
arg-input = A workbook (.xlsx, .xls, .ods), a folder of CSV or Parquet files named as the sheets, or OCDS (.json, .jsonl, also .gz)
arg-kind = What the input or output is, where it is not to be detected
arg-as-of = The date that counts as today, such as 2026-06-30 (default: today in Shanghai; for synth 2026-06-30)
arg-audience = Who reads the result: filer (completeness and consistency) or officer (integrity too)
arg-rules = A folder of rules of your own; a rule of the same id replaces ours (may be given again)
arg-set = A value for a parameter of a rule, such as K17.tolerance=0.2 (may be given again)
arg-only = Only these rules, such as K17,K18
arg-registers = A workbook or folder of registers to compare with
arg-photos = The folder of the photos that the sheet of photos names; for synth the number of photos
arg-currency = The currency whose amounts are compared (default: the first one seen)
arg-encoding = The encoding of text files that are not UTF-8, such as gb18030 or iso-8859-1
arg-datum = The datum of boundaries that name none, such as CGCS2000 or EPSG:4547 (default: WGS-84)
arg-filing = A declaration of items of your own (TOML)
arg-key = The file of the county's key for identity numbers (made at first use)
arg-memory = Memory that rules may use together, in MiB (default: half of the machine's)
arg-time-limit = Seconds that one rule may take (default: 120)
arg-format = The form of the result or of the county
arg-output = The file or folder to write; - is standard output
arg-fail-on = Exit with status 1 when a flag of this severity or above is found
arg-id = The id of the rule
arg-ids = Ids of rules; all when none is named
arg-plans = Show the plans too
arg-projects = Number of projects, 50 to 1,000,000
arg-releases = Number of OCDS releases
arg-seed = Seed; the same seed gives the same data
arg-payments = Payments of a finished project, about

progress-rules = rules
progress-synth = county

summary-input = Read { $kind }: { $rows }. As of { $as-of }, in { $seconds } s.
summary-flags = { $flags } flags: { $high } high, { $medium } medium, { $low } low. A flag is a question, not a verdict.
summary-rules = By rule:
summary-answers = ({ $flagged } flagged, { $passed } passed, { $na } not applicable)
summary-noisy = [noisy: more than a fifth is flagged]
summary-gravest = The { $count } gravest:
summary-red = The red workbook: { $path }

severity-high = high
severity-medium = medium
severity-low = low
audience-filer = filer
audience-officer = officer
audience-both = both

flags-sheet = 疑点
flags-rule = Rule
flags-severity = Severity
flags-subject = Subject
flags-title = Title
flags-says = What was found
flags-money = Money at stake (yuan)
flags-items = Items
flags-related = Also involved
flags-basis = Basis
workbook-note = These are the values as Kandeng read them, with doubtful cells in red. Formulas and formats of the original are not here.
workbook-cell-note = { $rule } { $title }: { $says }

template-file = kandeng-template.xlsx
template-written = Written: { $path }

rules-county = Filings of public projects
rules-ocds = Open contracting data
rules-docs-written = { $pages } pages written to { $folder }
rules-test-ok = ok      { $rule } ({ $cases } cases)
rules-test-failed = FAILED  { $rule }
rules-test-sum = { $passed } passed, { $failed } failed
profile-head = time, most memory, statement

page-index = Rules
page-audience = Audience:
page-severity = Severity:
page-subject = Subject:
page-reach = Reach of a change:
page-items = Items marked red:
page-basis = Basis:
page-method = Method
page-why = Why it is a red flag
page-says = What a flag says
page-population = Population
page-all = every subject
page-needs = Needs
page-excludes = What is left out
page-params = Parameters
page-params-note = Defaults are examples; a county's own values are its own.
page-example = Worked example

demo-county = A fictional county of { $projects } projects: { $workbook }, with { $answers } planted answers kept apart.
demo-next = Next: open the red workbook; `kandeng rules show K17` explains a rule; `kandeng template` writes the workbook to fill in.
