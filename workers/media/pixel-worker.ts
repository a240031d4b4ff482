/** Makes RGB images of decoded frames, on a thread beside the one that feeds the decoder. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { expose } from '../thread/rpc.ts';
import { frameImages } from './frame-images.ts';

expose(frameImages);
