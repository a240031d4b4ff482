/** Computes features of frames. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { expose } from '../thread/rpc.ts';
import { featureWork } from './feature-work.ts';

expose(featureWork());
