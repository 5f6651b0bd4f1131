// How the benches write their results and pages.

/** Results as JSON: indented, but each item of the long lists in one line. */
export function toJson(results) {
  const lines = Object.entries(results).map(([name, value]) => {
    if (!Array.isArray(value) || typeof value[0] !== 'object') {
      return `  "${name}": ${JSON.stringify(value)}`;
    }
    return `  "${name}": [\n${value.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** A table in Markdown. */
export function table(head, lines) {
  const show = (cells) => `| ${cells.join(' | ')} |`;
  return [show(head), `|${'---|'.repeat(head.length)}`, ...lines.map(show)].join('\n');
}

export const rowsName = (rows) => (rows === 1 ? '1 row' : `${rows} rows`);
