// The options that measuring tools share, and how a tool reads its own: --help comes by itself.
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_DATA, SUBSETS } from './corpus.mjs';

// For tools below bench/, whose own packages bring an older commander.
export { Option };

/** Options that mean the same in every tool; `limit` and `jobs` are told what they count. */
export const SHARED = {
  data: new Option('--data <dir>', 'folder with manifest.tsv and the recordings').default(
    DEFAULT_DATA,
    '../shared/data',
  ),
  model: new Option('--model <file>', 'model file').default('default', "the package's own"),
  subsets: (flag, names) =>
    new Option(
      `${flag} <names>`,
      `of ${Object.keys(SUBSETS).join(', ')}; several with commas, or again`,
    )
      .default(names, names.join())
      .argParser((text, before) => [...(before === names ? [] : before), ...parseSubsets(text)]),
  limit: (meaning) => count('--limit', meaning).default(Number.POSITIVE_INFINITY, 'all'),
  jobs: (jobs) => count('--jobs', 'recordings at a time').default(jobs),
  seed: count('--seed', 'of everything random').default(1),
  work: (folder, holds) => new Option('--work <dir>', holds).default(folder, shortPath(folder)),
  fresh: new Option('--fresh', 'forget what earlier runs heard'),
  reportOnly: (meaning) => new Option('--report-only', meaning),
};

/** An option that is a whole number of one or more. */
export function count(name, meaning) {
  return new Option(`${name} <n>`, meaning).argParser((text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw new InvalidArgumentError('Expected a whole number above 0.');
  });
}

/**
 * Reads the command line: {options, args}, options by their names in camel case.
 * `name` is how the tool is started, `about` what it does; `argument` names the one argument it may take.
 */
export function readCommandLine({ name, about, options, argument }, words = process.argv.slice(2)) {
  const command = new Command(name)
    .description(about)
    .helpOption('--help', 'print this')
    .configureHelp({ helpWidth: 100 });
  for (const option of options) command.addOption(option);
  if (argument) command.argument(`[${argument.name}]`, argument.meaning);
  command.parse(words, { from: 'user' });
  return { options: command.opts(), args: command.args };
}

function parseSubsets(text) {
  const names = text.split(',');
  const unknown = names.find((name) => !Object.hasOwn(SUBSETS, name));
  if (unknown === undefined) return names;
  throw new InvalidArgumentError(`There is no subset "${unknown}".`);
}

function shortPath(folder) {
  return folder.replace(/^.*\/(?=bench\/work)/, '');
}
