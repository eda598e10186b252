"""What is said of vocabularies and their labels."""

TEXTS: dict[str, str] = {
    "label.of": ", in words",
    "type.Label": "A value and what it is called",
    "type.Vocabulary": "The values of an enum, or the measures, and what they are called",
    "type.Language": "The language of labels and messages",
    "enum.Language.ZH": "Chinese",
    "enum.Language.EN": "English",
    "field.Label.value": "The value",
    "field.Label.label": "What it is called",
    "field.Label.scale": "How many smallest units make the unit that people write (60 for an hour); null but for measures",
    "field.Vocabulary.name": "Name of the enum, Measure for the measures",
    "field.Vocabulary.values": "The values in their order",
    "field.Query.vocabularies": "What the values of vocabularies are called, to show them",
    "argument.names": "Which ones; all where none are given",
    "argument.language": "In which language; that of the request where it is not given",
}
