// Spelled-out English numbers to digits, as scoring wants them: "twenty first" -> "21st", "nineteen
// eighty four" -> "1984", "one oh one" -> "101", "five dollars" -> "$5", "ten per cent" -> "10%".
//
// Both the reference and what was heard pass through here, so a rule needs to be the same for both
// more than it needs to be right. "one" alone stays a word.

const SMALL = (
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen ' +
  'seventeen eighteen nineteen'
).split(' ');
const ORDINALS = (
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth ' +
  'fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'
).split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES = { hundred: 1e2, thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };
const SIGNS = { minus: '-', negative: '-', plus: '+', positive: '+' };
const CURRENCIES = { pound: '£', euro: '€', dollar: '$', cent: '¢' };
const SYMBOLS = '-+£€$¢';
const DIGITS = /^\d+(\.\d+)?$/;

/** What every number word means: {kind, value, suffix}. */
const WORDS = new Map();

function define(kind, word, value, suffix = '') {
  WORDS.set(word, { kind, value, suffix });
}

for (const word of ['o', 'oh', 'zero']) define('zero', word, 0);
define('small', 'zeroth', 0, 'th');
SMALL.forEach((word, i) => {
  define('small', word, i + 1);
  define('small', word === 'six' ? 'sixes' : `${word}s`, i + 1, 's');
});
ORDINALS.forEach((word, i) => {
  define('small', word, i + 1, ['st', 'nd', 'rd'][i] ?? 'th');
});
TENS.forEach((word, i) => {
  define('tens', word, 20 + 10 * i);
  define('tens', word.replace('y', 'ies'), 20 + 10 * i, 's');
  define('tens', word.replace('y', 'ieth'), 20 + 10 * i, 'th');
});
for (const [word, value] of Object.entries(SCALES)) {
  define('scale', word, value);
  define('scale', `${word}s`, value, 's');
  define('scale', `${word}th`, value, 'th');
}
for (const [word, symbol] of Object.entries(SIGNS)) define('sign', word, symbol);
for (const [word, symbol] of Object.entries(CURRENCIES)) {
  define('currency', word, symbol);
  define('currency', `${word}s`, symbol);
}
for (const word of ['per', 'percent']) define('percent', word, '%');
define('repeat', 'double', 2);
define('repeat', 'triple', 3);
define('and', 'and');
define('point', 'point');

/** Is `word` the plain (suffix-free) number word of one of these kinds? */
function isPlain(word, ...kinds) {
  const meaning = WORDS.get(word);
  return meaning !== undefined && meaning.suffix === '' && kinds.includes(meaning.kind);
}

/** Adds a number below 100 to what came before: a sum where there is room, else digits side by side. */
function attach(value, added, previous) {
  if (value === null) return added;
  if (added < 10 && typeof value === 'string' && isPlain(previous, 'tens')) {
    return value.slice(0, -1) + added;
  }
  const spoken = typeof value === 'string' || (added < 20 && isPlain(previous, 'small'));
  const room = added < 10 ? 10 : 100;
  return spoken || value % room !== 0 ? `${value}${added}` : value + added;
}

/** Turns the words of one text; `out` receives the words of the result. */
class Reader {
  #value = null; // a number that may still grow, a string of digits, or null
  #prefix = '';
  out = [];

  read(words) {
    for (let i = 0; i < words.length; i++) i += this.#take(words[i - 1], words[i], words[i + 1]);
    this.#flush();
    return this.out;
  }

  /** Takes one word; returns how many of the following it has used up. */
  #take(previous, word, next) {
    if (this.#takeDigits(word)) return 0;
    const meaning = WORDS.get(word);
    const numberFollows = next !== undefined && (WORDS.has(next) || DIGITS.test(next));
    switch (meaning?.kind) {
      case 'zero':
        this.#append('0');
        return 0;
      case 'small':
      case 'tens':
        this.#value = attach(this.#value, meaning.value, previous);
        this.#end(meaning.suffix);
        return 0;
      case 'scale':
        this.#multiply(meaning.value);
        this.#end(meaning.suffix);
        return 0;
      case 'sign':
        this.#flush();
        if (numberFollows) this.#prefix = meaning.value;
        else this.#emit(word);
        return 0;
      case 'currency':
        if (this.#value !== null) this.#prefix = meaning.value;
        this.#flushOr(word);
        return 0;
      case 'percent':
        return this.#percent(word, next);
      case 'and':
        if (numberFollows && isPlain(previous, 'scale')) return 0; // two hundred and one
        break;
      case 'repeat':
        if (!isPlain(next, 'small', 'zero')) break;
        this.#append(String(WORDS.get(next).value).repeat(meaning.value));
        return 1;
      case 'point':
        if (!isPlain(next, 'small', 'tens', 'zero') && !DIGITS.test(next ?? '')) break;
        this.#append('.');
        return 0;
    }
    this.#flush();
    this.#emit(word);
    return 0;
  }

  #takeDigits(word) {
    const signed = SYMBOLS.includes(word[0]);
    const digits = signed ? word.slice(1) : word;
    if (!DIGITS.test(digits)) return false;
    if (typeof this.#value === 'string' && this.#value.endsWith('.')) {
      this.#value += word;
      return true;
    }
    this.#flush();
    if (signed) this.#prefix = word[0];
    this.#value = Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
    return true;
  }

  #multiply(scale) {
    const value = this.#value;
    if (value === null) {
      this.#value = scale;
    } else if (typeof value === 'number') {
      this.#value = Math.floor(value / 1000) * 1000 + (value % 1000) * scale;
    } else if (Number.isSafeInteger(Number(value) * scale)) {
      this.#value = Number(value) * scale;
    } else {
      this.#flush();
      this.#value = scale;
    }
  }

  #percent(word, next) {
    const used = word === 'percent' ? 0 : 1;
    if (this.#value === null || (used === 1 && next !== 'cent')) {
      this.#flush();
      this.#emit(word);
      return 0;
    }
    this.#end('%');
    return used;
  }

  #append(digits) {
    this.#value = `${this.#value || ''}${digits}`;
  }

  #end(suffix) {
    if (suffix === '') return;
    this.#emit(`${this.#value}${suffix}`);
    this.#value = null;
  }

  #flush() {
    if (this.#value !== null) this.#emit(this.#value);
    this.#value = null;
  }

  #flushOr(word) {
    if (this.#value === null) this.#emit(word);
    else this.#flush();
  }

  #emit(text) {
    this.out.push(`${this.#prefix}${text}`);
    this.#prefix = '';
  }
}

/** Replaces the spelled-out numbers of a lower-case text without punctuation. */
export function spellNumbersAsDigits(text) {
  const separated = text
    .replace(/(\w+)\s+and\s+a\s+half\b/g, (all, word) =>
      isPlain(word, 'zero', 'small', 'tens', 'scale') ? `${word} point five` : all,
    )
    .replace(/([a-z])([0-9])/g, '$1 $2')
    .replace(/([0-9])([a-z])/g, '$1 $2')
    .replace(/([0-9])\s+(st|nd|rd|th|s)\b/g, '$1$2');
  return new Reader()
    .read(separated.split(/\s+/).filter(Boolean))
    .join(' ')
    .replace(
      /([€£$])(\d+) (?:and )?¢(\d{1,2})\b/g,
      (_, sign, whole, cents) => `${sign}${whole}.${cents.padStart(2, '0')}`,
    )
    .replace(/[€£$]0\.(\d{1,2})\b/g, (_, cents) => `¢${Number(cents)}`)
    .replace(/\b1(s?)\b/g, 'one$1');
}
