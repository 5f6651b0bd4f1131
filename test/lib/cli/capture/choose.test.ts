// Which way to record is chosen, how each program is called, and decibri's part.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseCapture, findCaptures } from '../../../../lib/cli/capture/choose.js';
import { type Decibri, findDecibri } from '../../../../lib/cli/capture/decibri.js';
import { CAPTURE_PROGRAMS } from '../../../../lib/cli/capture/programs.js';
import { collect } from '../../fake-backend.js';
import { writeRecorder } from './fake-recorder.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'parrotlet-choose-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(process.platform === 'linux')('of the programs on the PATH', () => {
  let bin: string;
  beforeEach(() => {
    bin = mkdtempSync(path.join(folder, 'bin-'));
    vi.stubEnv('PATH', `${path.join(folder, 'nowhere')}:${bin}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('finds none, and says what to install on each system', async () => {
    mkdirSync(path.join(bin, 'sox')); // a folder of that name is no program
    expect(await findCaptures()).toEqual([]);
    await expect(chooseCapture(undefined)).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringMatching(/decibri.*Linux arecord.*macOS `brew.*Windows ffmpeg/),
    });
  });

  it('prefers arecord, then parec, pw-record, sox, ffmpeg', async () => {
    const names = ['arecord', 'parec', 'pw-record', 'sox', 'ffmpeg'];
    for (const name of [...names].reverse()) writeRecorder(bin, name, 'echoes');
    const captures = await findCaptures();
    expect(captures.map(({ name, place }) => [name, place])).toEqual(
      names.map((name) => [name, path.join(bin, name)]),
    );
    expect((await chooseCapture(undefined)).name).toBe('arecord');
    expect((await chooseCapture('sox')).name).toBe('sox');
    await expect(chooseCapture('tape')).rejects.toThrow(/one of arecord, parec, .*"tape"/);
  });

  it.each([
    ['arecord', ['-D', 'hw:1']],
    ['parec', ['--device=hw:1']],
    ['pw-record', ['--target=hw:1', '-']],
    ['ffmpeg', ['-i', 'hw:1']],
  ])('names the device to %s only if there is one', (name, words) => {
    const program = CAPTURE_PROGRAMS.find((one) => one.name === name)!;
    expect(program.args('hw:1').join(' ')).toContain(words.join(' '));
    expect(program.args(undefined).join(' ')).not.toContain('hw:1');
    expect(program.args(undefined).join(' ')).toMatch(/16000/);
  });

  it('names the device to sox in its environment', () => {
    const sox = CAPTURE_PROGRAMS.find(({ name }) => name === 'sox')!;
    expect(sox.env?.('hw:1')).toEqual({ AUDIODEV: 'hw:1' });
    expect(sox.env?.(undefined)).toEqual({});
  });

  it('lists what arecord prints at the beginning of a line', async () => {
    writeRecorder(bin, 'arecord', 'echoes');
    expect(await (await chooseCapture('arecord')).devices()).toEqual(['-L']);
  });

  it('says why when there is none to list', async () => {
    writeRecorder(bin, 'arecord', 'fails');
    await expect((await chooseCapture('arecord')).devices()).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringMatching(/^arecord names no microphone: .*No such file\. Connect one/),
    });
  });

  it('says so when a program cannot list', async () => {
    writeRecorder(bin, 'sox', 'echoes');
    await expect((await chooseCapture('sox')).devices()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^sox cannot list/),
    });
  });

  it('picks sources out of what pactl prints', () => {
    const { list } = CAPTURE_PROGRAMS.find(({ name }) => name === 'parec')!;
    const output = '0\talsa_output.pci.monitor\tmodule\n12\talsa_input.usb-Mic\tmodule\n';
    expect(list!.pick(output)).toEqual(['alsa_output.pci.monitor', 'alsa_input.usb-Mic']);
  });
});

describe('decibri', () => {
  function fakeDecibri(fields: Partial<Decibri['Microphone']> = {}) {
    const opened: object[] = [];
    const microphone = Object.assign(Readable.from([Buffer.from([1, 0]), Buffer.from([2, 0])]), {
      stop: vi.fn(),
    });
    const module: Decibri = {
      Microphone: {
        open: async (options) => {
          opened.push(options);
          return microphone;
        },
        devices: () => [{ name: 'Headset' }],
        ...fields,
      },
      version: () => ({ binding: '5.7.0' }),
    };
    return { opened, microphone, find: () => findDecibri(async () => module) };
  }

  it('is no way to record where it is not installed, or does not load', async () => {
    expect(await findDecibri(() => import('no-such-package' as string))).toBeUndefined();
    expect(await findDecibri(() => Promise.reject(new Error('GLIBC')))).toBeUndefined();
  });

  it('records 16 kHz mono from the device that is named', async () => {
    const { find, opened, microphone } = fakeDecibri();
    const capture = await find();
    expect(capture).toMatchObject({ name: 'decibri', place: 'npm package decibri 5.7.0' });
    expect(await capture!.devices()).toEqual(['Headset']);
    const { bytes, stop } = await capture!.open('Headset');
    expect(Buffer.concat(await collect(bytes))).toEqual(Buffer.from([1, 0, 2, 0]));
    expect(opened).toEqual([{ sampleRate: 16000, channels: 1, device: 'Headset' }]);
    stop();
    expect(microphone.stop).toHaveBeenCalled();
  });

  it.each([
    ['when it is opened', { open: () => Promise.reject(new TypeError('No microphone found.')) }],
    [
      'while it is read',
      {
        open: async () =>
          Object.assign(
            new Readable({
              read() {
                this.destroy(new TypeError('No microphone found.'));
              },
            }),
            { stop: () => {} },
          ),
      },
    ],
  ])('fails in our words %s', async (_, fields) => {
    const capture = await fakeDecibri(fields).find();
    const reading = capture!.open(undefined).then(({ bytes }) => collect(bytes));
    await expect(reading).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringMatching(/^decibri cannot record: No microphone found\. Check/),
    });
  });
});
