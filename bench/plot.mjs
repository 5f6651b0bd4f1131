// Draws the plots of the pages under docs/ as SVG files.
import { writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** The time of one chunk, engine beside engine; `values`: [{model, weights, engine, ms}]. */
export async function plotChunks(values, path) {
  const specification = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    data: { values },
    facet: {
      column: { field: 'model', title: null, sort: [...new Set(values.map((v) => v.model))] },
    },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 180,
      height: 200,
      mark: 'bar',
      encoding: {
        x: { field: 'weights', sort: null, title: null, axis: { labelAngle: 0 } },
        xOffset: { field: 'engine' },
        y: { field: 'ms', type: 'quantitative', title: 'ms for 160 ms of sound, median' },
        color: { field: 'engine', title: null, legend: { orient: 'bottom', labelLimit: 0 } },
      },
    },
  };
  await draw(specification, path);
}

/**
 * The share of words shown, and stable, within so many seconds of their end;
 * `rows`: [{chunkMs, firstPartial, stable}], each with its 101 percentiles.
 */
export async function plotDelays(rows, path) {
  const titles = { firstPartial: 'first partial', stable: 'stable' };
  const values = rows.flatMap((row) =>
    Object.entries(titles).flatMap(([name, title]) =>
      row[name].percentiles.map((seconds, percent) => ({
        chunk: `${row.chunkMs} ms`,
        event: title,
        seconds,
        percent,
      })),
    ),
  );
  const specification = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    data: { values: values.filter(({ percent }) => percent > 0 && percent < 100) },
    facet: { column: { field: 'event', title: null, sort: Object.values(titles) } },
    spec: {
      width: 320,
      height: 200,
      mark: 'line',
      encoding: {
        x: { field: 'seconds', type: 'quantitative', title: 'seconds of audio after the word' },
        y: { field: 'percent', type: 'quantitative', title: '% of words' },
        color: { field: 'chunk', sort: null, legend: { orient: 'bottom' } },
      },
    },
  };
  await draw(specification, path);
}

async function draw(specification, path) {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  writeFileSync(path, `${await view.toSVG()}\n`);
}
