"""Rules on bytes, headers, cells and files, which the strict reader and the check of files report."""

from __future__ import annotations

from .finding import ERROR
from .rule import FILE_CHECK, READER, Edit, reported_elsewhere

_ACTORS = "data/actors.csv"
_EVENTS = "data/events.csv"

reported_elsewhere(
    "ICD001",
    ERROR,
    "Files are UTF-8 without byte order mark, with LF line ends and a final newline",
    by=READER,
    why="Other encodings and line ends change what programs read, and every byte counts for the data hash.",
    fix="Run icd fmt. Where a byte is not UTF-8, open the file in its real encoding and save it as UTF-8.",
    fails=(
        Edit(path=_ACTORS, old="actor_id,", new="\ufeffactor_id,"),
        Edit(path=_ACTORS, old="\n", new="\r\n"),
    ),
    passes=(Edit(path=_ACTORS, old="Example Armed Group C", new="Examplé Armed Group C"),),
)
reported_elsewhere(
    "ICD002",
    ERROR,
    "Text is composed Unicode without invisible characters",
    by=READER,
    why="Two spellings that look alike would not match in searches and joins; bidirectional controls can hide text.",
    fix="Run icd fmt, which composes letters and removes what cannot be seen.",
    fails=(
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example\u200b Armed Group C"),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example\u202e Armed Group C"),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example\0 Armed Group C"),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example\u0301 Armed Group C"),
    ),
    passes=(Edit(path=_ACTORS, old="Example Armed Group C", new="Examplé Armed Group C"),),
)
reported_elsewhere(
    "ICD003",
    ERROR,
    "Cells have no leading, trailing or doubled space",
    by=READER,
    why="A name with a stray space is another name to every program.",
    fix="Run icd fmt.",
    fails=(
        Edit(path=_ACTORS, old="Example Armed Group C", new=" Example Armed Group C"),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example  Armed Group C"),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example\u00a0Armed Group C"),
    ),
    passes=(Edit(path=_ACTORS, old="Example Armed Group C", new="Example Armed Group C of the South"),),
)
reported_elsewhere(
    "ICD004",
    ERROR,
    "Every file is canonical CSV",
    by=READER,
    why="A stray quotation mark can swallow lines without a word from most readers; one form keeps diffs small.",
    fix="Run icd fmt. Where quotation marks do not pair up, mend the line that is named.",
    fails=(
        Edit(path=_ACTORS, old="Example Armed Group C", new='"Example Armed Group C"'),
        Edit(path=_ACTORS, old="Example Armed Group C", new='"Example Armed Group C'),
        Edit(path=_ACTORS, old="Example Armed Group C", new="Example Armed Group C,"),
    ),
    passes=(Edit(path=_ACTORS, old="Example Armed Group C", new='"Example Armed Group C, South"'),),
)
reported_elsewhere(
    "ICD005",
    ERROR,
    "Rows are sorted by primary key",
    by=READER,
    why="Sorted rows make two branches merge, and a diff shows what changed.",
    fix="Run icd fmt.",
    fails=(Edit(path=_EVENTS, old="evt-2001-0001", new="evt-2009-0001"),),
    passes=(Edit(path=_EVENTS, old="evt-2001-0001", new="evt-2000-0001"),),
)
reported_elsewhere(
    "ICD007",
    ERROR,
    "Text does not begin like a spreadsheet formula",
    by=READER,
    why="A spreadsheet would run a cell that begins with = + - or @ instead of showing it.",
    fix="Reword the text, or begin it with a letter or a quotation mark.",
    fails=(Edit(path=_ACTORS, old="Example Armed Group C", new="=Example Armed Group C"),),
    passes=(Edit(path=_ACTORS, old="Example Armed Group C", new="Example = Armed Group C"),),
)
reported_elsewhere(
    "ICD101",
    ERROR,
    "Every declared file exists, and no other file lies in data/ or schemas/",
    by=FILE_CHECK,
    why="A file that nobody declares is not validated, and a link could lead out of the package.",
    fix="Add the missing file, remove the stray one, or put a regular file in place of a link.",
    fails=(Edit(path="data/extra.csv", new="a,b\n"), Edit(path="schemas/extra.schema.json", new="{}\n")),
    passes=(Edit(path="notes/extra.csv", new="a,b\n"),),
)
reported_elsewhere(
    "ICD102",
    ERROR,
    "The header has the columns of the schema, in their order",
    by=READER,
    why="Columns are found by name and by place; both must mean the same to every reader.",
    fix="Give the header line the names of the schema, in its order.",
    fails=(
        Edit(path=_ACTORS, old="actor_id,name,kind", new="actor_id,kind,name"),
        Edit(path=_ACTORS, old="actor_id,name,kind", new="actor_id,title,kind"),
    ),
    passes=(Edit(path=_ACTORS, old="actor_id,name,kind", new='actor_id,"name",kind'),),
)
reported_elsewhere(
    "ICD103",
    ERROR,
    "Schemas use only the types, constraints and keys that are enforced",
    by=READER,
    why="A constraint that no engine enforces is a promise that nobody keeps.",
    fix="Use the subset of Table Schema that docs/codebook.md and the other schemas show.",
    fails=(
        Edit(path="schemas/events.schema.json", old='"type": "integer"', new='"type": "array"'),
        Edit(path="schemas/events.schema.json", old='"minimum": 1', new='"minLength": 1'),
    ),
    passes=(Edit(path="schemas/events.schema.json", old='"minimum": 1', new='"minimum": 0'),),
)
reported_elsewhere(
    "ICD104",
    ERROR,
    "Primary keys are present and unique",
    by=READER,
    why="Two rows with one key cannot be told apart, cited or joined.",
    fix="Give one of the rows another identifier, or remove the double.",
    fails=(Edit(path=_EVENTS, old="evt-2001-0001", new="evt-2001-0002"),),
    passes=(Edit(path=_EVENTS, old="evt-2001-0001", new="evt-2000-0002"),),
)
reported_elsewhere(
    "ICD201",
    ERROR,
    "Values have the type of their column, and required cells are filled",
    by=READER,
    why="A day such as 2001-02-30 or a number such as 1_000 is read in another way by every program.",
    fix="Write the value in the form that the finding names. An unknown value is an empty cell where that is allowed.",
    fails=(
        Edit(path=_EVENTS, old=",2001-02-03,", new=",2001-02-30,"),
        Edit(path=_EVENTS, old=",2001-02-03,", new=",,"),
    ),
    passes=(Edit(path=_EVENTS, old=",21:40,", new=",,"),),
)
reported_elsewhere(
    "ICD202",
    ERROR,
    "Values keep to the patterns, bounds and lengths of their column",
    by=READER,
    why="Patterns keep identifiers findable, bounds catch typing errors, lengths keep texts readable.",
    fix="Write the value in the form that the finding names.",
    fails=(
        Edit(path=_EVENTS, old="evt-2001-0001", new="evt-01-1"),
        Edit(path=_EVENTS, old=",21:40,", new=",24:40,"),
    ),
    passes=(Edit(path=_EVENTS, old=",21:40,", new=",21:41,"),),
)
reported_elsewhere(
    "ICD203",
    ERROR,
    "Every coded value is in its codelist",
    by=READER,
    why="A code without a definition means something else to every reader.",
    fix="Use a code of the codelist that the finding names; a new code is proposed in that file first.",
    fails=(Edit(path=_EVENTS, old=",armed_action,", new=",armed_acton,"),),
    passes=(Edit(path=_EVENTS, old=",armed_action,", new=",ground_operation,"),),
)
