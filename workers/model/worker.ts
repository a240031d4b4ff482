import '../thread/requests.ts';
import { expose, releaseCallback } from '../thread/rpc.ts';
import type { AssessRequest, OnEvent } from './api.ts';
import { ModelSession } from './model-session.ts';

/** The session behind the bridge: the page's callback is released with its call. */
class PagedSession extends ModelSession {
  override async assess(request: AssessRequest, onEvent: OnEvent) {
    try {
      return await super.assess(request, onEvent);
    } finally {
      releaseCallback(onEvent);
    }
  }
}

expose(new PagedSession());
