// Draws the time of one chunk, engine beside engine, as an SVG file.
import { writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** `values`: [{model, weights, engine, ms}]. */
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
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  writeFileSync(path, `${await view.toSVG()}\n`);
}
