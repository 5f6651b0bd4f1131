// Runs in the browser's audio thread: hands on what the microphone hears, a tenth of a second at a
// time, as 16-bit samples.
class Microphone extends AudioWorkletProcessor {
  #samples = new Int16Array(Math.round(sampleRate / 10));
  #filled = 0;

  process([[channel = []]]) {
    for (const value of channel) {
      const sample = Math.round(value * 32768);
      this.#samples[this.#filled++] = Math.min(32767, Math.max(-32768, sample));
      if (this.#filled === this.#samples.length) {
        this.port.postMessage(this.#samples.slice());
        this.#filled = 0;
      }
    }
    return true; // stay alive, also while there is no input
  }
}

registerProcessor('microphone', Microphone);
