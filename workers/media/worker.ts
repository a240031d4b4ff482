/** The media worker: RGB images are made in the pixel worker, quality features in workers of their own. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { FeaturePool } from '../features/client.ts';
import { expose } from '../thread/rpc.ts';
import { pixels, preparePixels } from './pixel-client.ts';
import { MediaSession } from './session.ts';

const features = new FeaturePool(navigator.hardwareConcurrency ?? 1);

expose(new MediaSession({ pixels, preparePixels, features }));
