// The programs that record, with the arguments that make them write 16-bit mono audio at 16 kHz.
import { ParrotletError } from '../../errors.js';

export interface CaptureProgram {
  readonly name: string;
  /** Where it records; everywhere if not given. */
  readonly platforms?: readonly NodeJS.Platform[];
  args(device: string | undefined): readonly string[];
  /** Variables that name the device, for programs that want it so. */
  env?(device: string | undefined): NodeJS.ProcessEnv;
  /** How names of devices are found out. */
  readonly list?: DeviceList;
}

export interface DeviceList {
  /** Stands beside the program that records. */
  readonly program: string;
  readonly args: readonly string[];
  /** The names in what it prints. */
  pick(output: string): readonly string[];
}

/** The first that is found is used. Each gives its audio in pieces of a tenth of a second or less. */
export const CAPTURE_PROGRAMS: readonly CaptureProgram[] = [
  {
    name: 'arecord',
    platforms: ['linux'],
    args: (device) => [
      ...['-q', '-t', 'raw', '-f', 'S16_LE', '-r', '16000', '-c', '1', '--period-time=50000'],
      ...(device === undefined ? [] : ['-D', device]),
    ],
    // Names begin a line, what they are is indented below them.
    list: { program: 'arecord', args: ['-L'], pick: (output) => matches(output, /^(\S+)$/gm) },
  },
  {
    name: 'parec',
    platforms: ['linux'],
    args: (device) => [
      ...['--raw', '--format=s16le', '--rate=16000', '--channels=1', '--latency-msec=50'],
      ...(device === undefined ? [] : [`--device=${device}`]),
    ],
    list: {
      program: 'pactl',
      args: ['list', 'short', 'sources'],
      pick: (output) => matches(output, /^\d+\t(\S+)/gm),
    },
  },
  {
    name: 'pw-record',
    platforms: ['linux'],
    args: (device) => [
      ...['--raw', '--format=s16', '--rate=16000', '--channels=1', '--latency=50ms'],
      ...(device === undefined ? [] : [`--target=${device}`]),
      '-',
    ],
  },
  {
    name: 'sox',
    args: () => [
      ...['-q', '--buffer', '1600', '-d', '-t', 'raw', '-e', 'signed-integer', '-b', '16', '-L'],
      ...['-r', '16000', '-c', '1', '-'],
    ],
    env: (device) => (device === undefined ? {} : { AUDIODEV: device }),
  },
  {
    name: 'ffmpeg',
    args: (device) => [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', ...ffmpegInput(device)],
      ...['-ac', '1', '-ar', '16000', '-f', 's16le', '-flush_packets', '1', 'pipe:1'],
    ],
    ...ffmpegList(),
  },
];

function ffmpegInput(device: string | undefined): readonly string[] {
  switch (process.platform) {
    case 'darwin':
      return ['-f', 'avfoundation', '-i', `:${device ?? 'default'}`];
    case 'win32':
      if (device !== undefined) return ['-f', 'dshow', '-i', `audio=${device}`];
      throw new ParrotletError(
        'INVALID_ARGUMENT',
        'ffmpeg knows no default microphone on Windows. Name one by --device; --list-devices ' +
          'shows them.',
      );
    default:
      return ['-f', 'alsa', '-i', device ?? 'default'];
  }
}

function ffmpegList(): { readonly list?: DeviceList } {
  const program = 'ffmpeg';
  const options = ['-hide_banner', '-list_devices', 'true'];
  switch (process.platform) {
    case 'darwin':
      return {
        list: {
          program,
          args: [...options, '-f', 'avfoundation', '-i', ''],
          pick: (output) =>
            matches(output.split('audio devices:')[1] ?? '', /\] \[\d+\] (.+?)\r?$/gm),
        },
      };
    case 'win32':
      return {
        list: {
          program,
          args: [...options, '-f', 'dshow', '-i', 'dummy'],
          pick: (output) => matches(output, /"(.+)" \(audio\)/g),
        },
      };
    default:
      return {};
  }
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1]!);
}
