// What the queue of events drops, and what it never does.
import { expect, it } from 'vitest';
import { EventQueue } from '../../lib/events/event-queue.js';
import { collect, fakeEvent } from './fake-backend.js';

it('drops unread partials beyond some thousands, but no final', async () => {
  const queue = new EventQueue();
  for (let segment = 0; segment < 20_000; segment++) {
    queue.push([fakeEvent({ segment }), fakeEvent({ segment, type: 'final' })]);
  }
  queue.end();
  const events = await collect(queue.read());
  const finals = events.filter(({ type }) => type === 'final');
  expect(finals.map(({ segment }) => segment)).toEqual([...Array(20_000).keys()]);
  expect(events.length).toBeLessThan(25_000);
});

it('serves calls of next in order, however many wait', async () => {
  const queue = new EventQueue();
  const reader = queue.read();
  const waiting = [reader.next(), reader.next(), reader.next()];
  queue.push([fakeEvent({ revision: 0 }), fakeEvent({ revision: 1 })]);
  queue.end();
  const results = await Promise.all(waiting);
  expect(results.map(({ value }) => value?.revision)).toEqual([0, 1, undefined]);
});

it('lets a reader leave while it waits', async () => {
  const reader = new EventQueue().read();
  const waiting = reader.next();
  await reader.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
});
