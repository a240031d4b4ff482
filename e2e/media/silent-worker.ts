/** The media worker, above a decoder that hangs. */
import './silent-decoder.ts';
import '../../workers/media/worker.ts';
