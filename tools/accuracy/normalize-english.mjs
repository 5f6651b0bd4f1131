// Brings English text to one spelling before words are compared, in the spirit of Whisper's English
// normalizer (docs/accuracy.md lists the rules). British and American spellings are left apart.
import { spellNumbersAsDigits } from './numbers.mjs';

const TITLES = {
  mr: 'mister',
  mrs: 'missus',
  st: 'saint',
  dr: 'doctor',
  prof: 'professor',
  capt: 'captain',
  gov: 'governor',
  ald: 'alderman',
  gen: 'general',
  sen: 'senator',
  rep: 'representative',
  pres: 'president',
  rev: 'reverend',
  hon: 'honorable',
  asst: 'assistant',
  assoc: 'associate',
  lt: 'lieutenant',
  col: 'colonel',
  jr: 'junior',
  sr: 'senior',
  esq: 'esquire',
};

const SPOKEN_FORMS = {
  "won't": 'will not',
  "can't": 'can not',
  "let's": 'let us',
  "ain't": 'aint',
  "y'all": 'you all',
  wanna: 'want to',
  gotta: 'got to',
  gonna: 'going to',
  "i'ma": 'i am going to',
  imma: 'i am going to',
  woulda: 'would have',
  coulda: 'could have',
  shoulda: 'should have',
  "ma'am": 'madam',
};

/** Endings in the order in which they are tried; the perfect tenses come before the bare 's and 'd. */
const ENDINGS = [
  ["'d been", ' had been'],
  ["'s been", ' has been'],
  ["'d gone", ' had gone'],
  ["'s gone", ' has gone'],
  ["'d done", ' had done'],
  ["'s got", ' has got'],
  ["n't", ' not'],
  ["'re", ' are'],
  ["'s", ' is'],
  ["'d", ' would'],
  ["'ll", ' will'],
  ["'t", ' not'],
  ["'ve", ' have'],
  ["'m", ' am'],
];

/** Letters that Unicode does not take apart into a base letter and a mark. */
const LETTERS = { œ: 'oe', ø: 'o', æ: 'ae', ß: 'ss', đ: 'd', ð: 'd', þ: 'th', ł: 'l' };

const RULES = [
  ...Object.entries(SPOKEN_FORMS).map(([from, to]) => [new RegExp(`\\b${from}\\b`, 'g'), to]),
  ...Object.entries(TITLES).map(([from, to]) => [new RegExp(`\\b${from}\\b`, 'g'), `${to} `]),
  ...ENDINGS.map(([from, to]) => [new RegExp(`${from}\\b`, 'g'), to]),
];

/** The normalized text: words and numbers parted by single spaces. */
export function normalizeEnglish(text) {
  let s = text
    .toLowerCase()
    .replace(/[<[][^>\]]*[>\]]/g, '')
    .replace(/\([^)]+?\)/g, '')
    .replace(/\b(hmm|mm|mhm|mmm|uh|um)\b/g, '')
    .replace(/\s+'/g, "'");
  for (const [from, to] of RULES) s = s.replace(from, to);
  s = s
    .replace(/(\d),(\d)/g, '$1$2')
    .replace(/\.([^0-9]|$)/g, ' $1')
    .normalize('NFKD')
    .replace(/[œøæßđðþł]/g, (letter) => LETTERS[letter])
    .replace(/\p{Mn}/gu, '')
    .replace(/(?![.%$¢€£])[\p{M}\p{S}\p{P}]/gu, ' ');
  return spellNumbersAsDigits(s)
    .replace(/[.$¢€£]([^0-9])/g, ' $1')
    .replace(/([^0-9])%/g, '$1 ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The normalized words. */
export function normalizedWords(text) {
  const normalized = normalizeEnglish(text);
  return normalized === '' ? [] : normalized.split(' ');
}
