// The C interface of the engine: all that a binding (Node addon, WebAssembly) may call.
//
// Ownership: a handle belongs to the caller from the function that makes it to the one that frees
// it. A session keeps its model alive. Threads: a model may be used by many threads at once; a
// session by one at a time. No function throws, prints, exits or aborts; each returns a code (0 is
// success, the others are in core/status.h) and, where it takes a `pl_error*`, fills it when that
// is not null. Strings are UTF-8 and end in a zero byte.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pl_model pl_model;
typedef struct pl_session pl_session;

typedef struct {
  int code;           // core/status.h
  char message[320];  // what was expected, what came, what to do
} pl_error;

// The name of a code, for example "MODEL_TRUNCATED"; null when there is no such code.
const char* pl_code_name(int code);

// JSON: {"version", "target" (chosen now), "targets" (compiled in), "supported" (of these, by this
// CPU), "forced" (PARROTLET_TARGET or null), "error" (why no target could be chosen, or null)}.
// The text is valid until the next call on the same thread.
const char* pl_runtime_info(void);

// Loads a model from a file, or from bytes (copied before the function returns). `max_bytes` 0
// means 1 GiB.
int pl_model_load_file(const char* path, uint64_t max_bytes, pl_model** model, pl_error* error);
int pl_model_load_bytes(const uint8_t* bytes, size_t count, pl_model** model, pl_error* error);

// JSON: the document of the file without its tensor manifest, and "fileBytes", "weightBytes"
// (packed, in memory), "parameters", "bits" ({"4": parameters held in 4 bits, ...}), "target",
// "frameSeconds" (encoder frame period), "algorithmicDelayMs" (with the default chunk),
// "chunkMs" (array: what a session may ask for; empty unless the span is chunked),
// "defaultChunkMs", "defaultLookAheadMs" (0 where there are no chunks),
// "wholeSegments" (whether a session may ask for the whole segment at once).
// Valid while the model lives.
const char* pl_model_describe(const pl_model* model);

// Memory of the packed weights ("weightBytes"), for hosts that collect garbage; 0 of null.
size_t pl_model_bytes(const pl_model* model);

void pl_model_free(pl_model* model);

// Zero means the default in every field.
typedef struct {
  double sample_rate;    // of the audio that will be written, 8000 to 48000; default: the model's
  int channels;          // interleaved, 1 to 8, averaged; default 1
  int chunk_frames;      // one of the model's choices; -1: the whole segment at once
  int no_partials;       // 1: decode only when a segment ends
  int no_pauses;         // 1: segments end only at the end of input or when they are full
  double pause_seconds;  // silence that ends a segment, 0.1 to 10; default 0.8
  double least_pause_seconds;  // what ends one that is nearly full; default 0.15
  double min_speech_seconds;   // a segment with less is dropped, to 5; default 0.1; -1: none is
  double max_segment_seconds;  // default: the model's
  double min_confidence;  // a text with less in the mean is dropped, to 1; default: the model's;
                          // -1: none is
  int beam;               // hypotheses kept, at most 8; default: 4 where a segment is searched as a
                          // whole (chunk -1, no_partials, second_pass), else 1 (greedy)
  int keep_loops;         // 1: do not cut repetition loops
  int no_words;           // 1: no word times
  int lookahead_frames;   // at a chunk's end, that are encoded again with the next chunk; default:
                          // the model's; -1: none
  int second_pass;        // 1: what a segment's end makes final is heard again as a whole
} pl_session_options;

int pl_session_open(pl_model* model, const pl_session_options* options, pl_session** session,
                    pl_error* error);

// Feeds `frames` frames of interleaved samples in [-1, 1]. It returns early when events are ready:
// *consumed says how many frames were taken, and the caller drains the events and calls again with
// the rest, be it none: what was taken is worked on once a call brings no event. Bad input (NaN,
// infinity) takes nothing of this call and leaves the session as it was.
int pl_session_write(pl_session* session, const float* samples, size_t frames, size_t* consumed,
                     pl_error* error);

// Ends the open segment, if any, with the audio written so far (to 10 ms; the rest begins the next
// one): what was said becomes final. Call (and drain events) until *done is 1; then write on.
int pl_session_end_segment(pl_session* session, int* done, pl_error* error);

// Says that no more audio follows. Call (and drain events) until *done is 1.
int pl_session_finish(pl_session* session, int* done, pl_error* error);

// Back to the start, as if just opened. Times start at zero again.
int pl_session_reset(pl_session* session, pl_error* error);

typedef struct {
  size_t text_begin, text_bytes;  // the word inside the event's text, punctuation included
  double start, end;              // seconds from the start of the audio
  int stable;                     // 1: will not change any more, but by a second pass
  float confidence;               // that the word is right, 0 to 1; fixed once it is stable
} pl_word;

typedef struct {
  int type;          // 1 partial, 2 final (the segment has ended), 3 speech start (without text)
  int reason;        // of a final: 1 pause, 2 longest segment, 3 end_segment, 4 end of input
  int segment;       // from 0
  int revision;      // of this segment's text, from 0
  const char* text;  // the segment's text so far
  size_t text_bytes;
  size_t stable_bytes;  // the prefix of `text` that only a second pass may change; all in a final
  double start, end;    // of the segment so far, seconds
  const pl_word* words;
  size_t word_count;
  double audio_processed;  // seconds of audio that this event has heard
} pl_event;

// The next event, or 0 when there is none. Its pointers are valid until the next call on the
// session.
int pl_session_next_event(pl_session* session, pl_event* event);

// The encoder's output for the current segment: [*frames][*dim] floats, valid until the next call.
int pl_session_memory(pl_session* session, const float** memory, size_t* frames, size_t* dim);

// For quantizing a float32 model. From now on the session sums up, from zero, what goes into the
// float32 matrices of its model; a reset keeps the sums. This takes four bytes for every pair of
// inputs of a matrix and much time. Bad: a model without float32 matrices.
int pl_session_observe(pl_session* session, pl_error* error);

// The sum of x x^T over the rows x that matrix `name` (as in the model file) was multiplied with:
// [*inputs][*inputs] floats, symmetric, valid until the next call on the session; *rows of them.
int pl_session_moments(pl_session* session, const char* name, const float** moments, size_t* inputs,
                       size_t* rows, pl_error* error);

// JSON: {"stateBytes", "algorithmicDelayMs", "chunkMs", "lookAheadMs", "sampleRate",
// "channels"}. Valid while the session lives.
const char* pl_session_describe(const pl_session* session);

// Memory of a session ("stateBytes"); 0 of null.
size_t pl_session_bytes(const pl_session* session);

void pl_session_close(pl_session* session);

#ifdef __cplusplus
}
#endif
