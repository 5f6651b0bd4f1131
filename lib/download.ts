// Fetches a file into memory, no larger than asked for.
import { ParrotletError, throwIfAborted } from './errors.js';

export interface DownloadOptions {
  readonly signal: AbortSignal | undefined;
  readonly maxBytes: number;
  readonly report: (progress: {
    status: 'start' | 'read';
    source: string;
    loadedBytes: number;
    totalBytes: number | undefined;
  }) => void;
}

/**
 * The body of `url`.
 *
 * @throws {ParrotletError} `MODEL_NOT_FOUND` on status 404 or 410, `IO_ERROR` on any other failure,
 *   `MODEL_TOO_LARGE`, `ABORTED`.
 */
export async function download(url: URL, options: DownloadOptions): Promise<Uint8Array> {
  const { signal, maxBytes } = options;
  const source = url.href;
  let callersError: { readonly error: unknown } | undefined;
  const report: DownloadOptions['report'] = (progress) => {
    try {
      options.report(progress);
    } catch (error) {
      callersError = { error };
      throw error;
    }
  };
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok || !response.body) throw refused(source, response);
    const totalBytes = announcedBytes(response);
    if (totalBytes !== undefined && totalBytes > maxBytes) throw tooLarge(source, maxBytes);
    report({ status: 'start', source, loadedBytes: 0, totalBytes });

    const chunks: Uint8Array[] = [];
    let loadedBytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      loadedBytes += chunk.length;
      if (loadedBytes > maxBytes) throw tooLarge(source, maxBytes);
      chunks.push(chunk);
      report({ status: 'read', source, loadedBytes, totalBytes });
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (callersError) throw callersError.error;
    throwIfAborted(signal);
    if (error instanceof ParrotletError) throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new ParrotletError(
      'IO_ERROR',
      `The model at ${source} could not be fetched: ${reason}. Check the network and the URL, or ` +
        'download the file yourself and load it by its path.',
      { cause: error },
    );
  }
}

/** Undefined when the body is compressed: its announced length is then not that of the file. */
function announcedBytes({ headers }: Response): number | undefined {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? undefined : Number(length);
}

function refused(source: string, { status, statusText }: Response): ParrotletError {
  const missing = status === 404 || status === 410;
  return new ParrotletError(
    missing ? 'MODEL_NOT_FOUND' : 'IO_ERROR',
    `Expected a model at ${source}, but the server answered ${status} ${statusText}. ` +
      'Check the URL and whether it needs a login.',
  );
}

function tooLarge(source: string, maxBytes: number): ParrotletError {
  return new ParrotletError(
    'MODEL_TOO_LARGE',
    `Expected a model of at most ${maxBytes} bytes, but ${source} is larger. Raise maxBytes if the ` +
      'model is meant to be this large.',
  );
}
