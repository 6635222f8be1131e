"""Writes files at random and what other programs read in them: Python's csv and json, pandas (Parquet, JSON Lines).

check-reading.py DIR CSVS OTHERS SEED
DIR gets the files, and a `.expected` for each: {"options": {}, "names": [], "unsupported": [], "rows": [[text or null]]}.
"""
import csv
import datetime
import gzip
import json
import random
import sys
from pathlib import Path

import pandas as pd

folder, csvs, others, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)
csv.field_size_limit(2**30)

PIECES = ['a', 'bc', 'Köln', '東京', '🙂', '5', '-1.5', '0', 'NA', 'null', 'true', ' ', '\t', '.', "it's", '#', '\\', '\\"', '%',
          '\x01', '\x03', '\u00a0', '\u2028', '\x85', '--', '//', "''", '=1', '2024-05-31', '1e5', '12345678901234567890123']
BREAKS = ['\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\n1,2,3\n', '\r\nx;y\r\n', '\nx\ty\n']


def cell(dialect):
    if chance.random() < 0.08:
        return ''
    if chance.random() < 0.3:
        return str(chance.choice([chance.randint(-9, 9), round(chance.gauss(0, 5), 3)]))
    if dialect['quote'] is None:
        pieces = [piece for piece in PIECES if dialect['delimiter'] not in piece]
    else:
        pieces = PIECES + BREAKS + [dialect['quote'], dialect['quote'] * 2, dialect['delimiter'], ',', ';', '"']
    return ''.join(chance.choice(pieces) for _ in range(chance.randint(1, 4)))


def written(text, dialect, always):
    quote = dialect['quote']
    if quote is None:
        return text
    special = any(mark in text for mark in (dialect['delimiter'], quote, '\r', '\n'))
    if always or special or text.strip(' ') != text or chance.random() < 0.2:
        return quote + text.replace(quote, quote * 2) + quote
    return text


def write_csv(path, rows, large):
    delimiter = chance.choice([',', ',', ';', '\t', '|'])
    quote = chance.choice(['"', '"', '"', "'", None]) if not large else '"'
    encoding = chance.choice([None, None, None, 'utf-8', 'windows-1252', 'utf-16le'])
    dialect = {'delimiter': delimiter, 'quote': quote, 'encoding': encoding, 'header': chance.random() < 0.8}
    columns = chance.randint(1, 6)
    ends = chance.choice([['\n'], ['\r\n'], ['\n', '\r\n']])

    def text():
        if large and chance.random() < 0.3:
            lines = chance.randint(1, 400)
            return ''.join(delimiter.join(str(line) for _ in range(columns)) + chance.choice(['\n', '\r\n']) for line in range(lines))
        return cell(dialect)

    names = [f'name {c}{chance.choice(["", "ö", delimiter if quote else "", chr(10) if quote else "", chr(13) + chr(10) if quote else ""])}{c}' for c in range(columns)]
    table = ([names] if dialect['header'] else []) + [[text() for _ in range(columns)] for _ in range(rows)]
    if not dialect['header']:  # text that begins with quotes or blanks is a row all the same
        table[0] = [str(c) for c in range(columns)]
    parts = [chance.choice(ends) for _ in range(chance.choice([0, 0, 0, 1, 2]))]
    for row in table:
        alone = columns == 1
        parts.append(delimiter.join(written(value, dialect, alone and value.strip() == '') for value in row))
        parts.append(chance.choice(ends))
        if not alone and chance.random() < 0.02:
            parts.append(chance.choice(ends))
    if chance.random() < 0.3 and parts[-1] in ends and parts[-2] not in ends:
        parts.pop()
    codec = {None: 'utf-8', 'utf-16le': 'utf-16-le', 'windows-1252': 'cp1252'}.get(encoding, encoding)
    data = ''.join(parts).encode(codec, errors='replace')
    if encoding is None and chance.random() < 0.2:
        data = b'\xef\xbb\xbf' + data
    (gzip.open if path.name.endswith('.gz') else open)(path, 'wb').write(data)

    lines = data.decode('utf-8-sig' if encoding is None else codec)
    reading = {'delimiter': delimiter, 'strict': True}
    reading |= {'quoting': csv.QUOTE_NONE} if quote is None else {'quotechar': quote}
    read = [row for row in csv.reader(pieces(lines), **reading) if row]
    head = read.pop(0) if dialect['header'] else [str(c + 1) for c in range(columns)]
    return {'options': dialect, 'names': head, 'rows': read}


def pieces(text):
    """Lines with their ends, as a file opened with newline='' gives them."""
    begin = 0
    while begin < len(text):
        end = text.find('\n', begin) + 1 or len(text)
        yield text[begin:end]
        begin = end


def shown(value):
    """A value of pandas as ple shows it: a text, numbers exact; a time in days since 1970."""
    if isinstance(value, (list, tuple)) or hasattr(value, 'tolist') and not hasattr(value, 'dtype'):
        return [shown(entry) for entry in value]
    if hasattr(value, 'ndim') and value.ndim == 1:
        return [shown(entry) for entry in value if not is_missing(entry)]
    if is_missing(value):
        return None
    if isinstance(value, (datetime.datetime, pd.Timestamp)):
        stamp = pd.Timestamp(value)
        stamp = stamp.tz_convert('UTC').tz_localize(None) if stamp.tzinfo else stamp
        return repr(stamp.value // 10**6 / 86_400_000)
    if isinstance(value, datetime.date):
        return repr(float((value - datetime.date(1970, 1, 1)).days))
    if str(value) in ('True', 'False'):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode()
    return repr(float(value)) if isinstance(value, float) else str(value)


def is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or value != value


KINDS = {
    'text': lambda: chance.choice(['a', 'b c', ' x ', 'Ä', '', 'NA', '1', '007', '2024-05-31', '\r\nz', '\x01 ']),
    'small': lambda: chance.randint(-5, 5),
    'long': lambda: chance.choice([2**53 + chance.randint(0, 9), -(2**53) - chance.randint(0, 9), 3]),
    'huge': lambda: chance.choice([10**22 + chance.randint(0, 9), 2**63 + chance.randint(0, 9), 7]),
    'float': lambda: chance.gauss(0, 10 ** chance.randint(-3, 6)),
    'bool': lambda: chance.random() < 0.5,
    'list': lambda: [chance.choice(['p', 'q r', '5']) for _ in range(chance.randint(0, 3))],
    'numbers': lambda: [chance.randint(0, 2**54) for _ in range(chance.randint(0, 3))],
    'time': lambda: datetime.datetime(2024, 1, 1) + datetime.timedelta(milliseconds=chance.randint(0, 10**11)),
    'day': lambda: datetime.date(1960, 1, 1) + datetime.timedelta(days=chance.randint(0, 30_000)),
    'mixed': lambda: chance.choice([1, 0.5, 'x', True, 2**53 + 1]),
    'longOrFloat': lambda: chance.choice([2**53 + 1, 2**53, 0.5, 10**20, 10**20 + 1]),
    'hugeList': lambda: [chance.choice([10**22 + 1, 10**22, 0.5]) for _ in range(chance.randint(0, 3))],
    'listOrText': lambda: chance.choice([['a', 'b'], ['a'], [], 'a', 'a|b', 5]) if chance.random() < 0.3 else ['c'],
    'nested': lambda: chance.choice([['a'], [['a']], [{'a': 1}], {'a': 1}, 'a']) if chance.random() < 0.3 else 'b',
}
ONLY_JSON = ('mixed', 'longOrFloat', 'hugeList', 'huge', 'listOrText', 'nested')
ONLY_PARQUET = ('time', 'day')


def is_odd(values):
    """Whether a column of JSON is refused: it has objects, lists of lists, or both lists and single values."""
    lists = [value for value in values if isinstance(value, list)]
    single = [value for value in values if value is not None and not isinstance(value, list)]
    return bool(lists and single) or any(isinstance(entry, (list, dict)) for entry in single + sum(lists, []))


def write_typed(path, rows, is_json):
    kinds = [kind for kind in KINDS if kind not in (ONLY_PARQUET if is_json else ONLY_JSON)]
    columns = {f'{kind} {c}': kind for c, kind in enumerate(['text'] + chance.choices(kinds, k=chance.randint(0, 5)))}
    missing = {name: chance.choice([0, 0, 0.2]) for name in columns}
    table = [{name: None if chance.random() < missing[name] else KINDS[kind]() for name, kind in columns.items()} for _ in range(rows)]
    if is_json:
        kept = [{key: value for key, value in row.items() if value is not None or chance.random() < 0.5} for row in table]
        text = '\n'.join(json.dumps(row, ensure_ascii=chance.random() < 0.5) for row in kept)
        if chance.random() < 0.3:
            text = '[' + text.replace('\n', ',\n') + ']'
        (gzip.open if path.name.endswith('.gz') else open)(path, 'wb').write(text.encode())
        read = json.loads(text if text.startswith('[{') else '[' + text.replace('\n', ',') + ']')
        names = list(dict.fromkeys(name for row in read for name in row))
        odd = [name for name in names if is_odd([row.get(name) for row in read])]
        names = [name for name in names if name not in odd]
        read = [[shown(row.get(name)) for name in names] for row in read]
    else:
        frame = pd.DataFrame({name: [row[name] for row in table] for name in columns})
        for name, kind in columns.items():
            if kind in ('small', 'long'):
                frame[name] = frame[name].astype('Int64' if kind == 'long' or chance.random() < 0.5 else 'Int8')
            elif kind == 'time':
                frame[name] = pd.to_datetime(frame[name]).dt.tz_localize(chance.choice([None, 'Europe/Zurich']), ambiguous='NaT', nonexistent='NaT')
            elif kind == 'bool':
                frame[name] = frame[name].astype('boolean')
        frame.to_parquet(path, compression=chance.choice(['snappy', 'zstd', 'gzip', None]))
        back = pd.read_parquet(path)
        names = list(back.columns)
        read = [[shown(value) for value in row] for row in zip(*[back[name] for name in names])]
        odd = []
    return {'options': {}, 'names': names, 'unsupported': sorted(odd), 'rows': read}


for number in range(csvs + others):
    if number < csvs:
        large = number % 150 == 149
        path = folder / f'{number:04}.csv{chance.choice(["", "", "", ".gz"]) if not large else ""}'
        expected = write_csv(path, 3000 if large else chance.randint(1, 40), large)
    else:
        is_json = number % 2 == 0
        path = folder / (f'{number:04}.' + (chance.choice(['json', 'jsonl', 'jsonl.gz']) if is_json else 'parquet'))
        expected = write_typed(path, chance.randint(1, 40), is_json)
    Path(f'{path}.expected').write_text(json.dumps(expected))
