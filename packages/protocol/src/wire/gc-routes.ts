import { z } from 'zod'
import {
  collectAnswer,
  collectBody,
  holdAnswer,
  holdBody,
  holdList,
  releaseAnswer,
  removedRun,
  removeQuery,
} from './gc.ts'
import type {
  CollectAnswer,
  CollectBody,
  HoldAnswer,
  HoldBody,
  HoldList,
  ReleaseAnswer,
  RemovedRun,
  RemoveQuery,
} from './gc.ts'
import { runIdText } from './ids.ts'
import type { RunParams } from './requests.ts'
import { get, post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import type { Route } from './route.ts'

/** The routes of what is kept, by id. */
export interface GcRoutes {
  readonly collect: Route<NoParams, NoParams, CollectBody, CollectAnswer>
  readonly holds: Route<NoParams, NoParams, never, HoldList>
  readonly holdRun: Route<RunParams, NoParams, HoldBody, HoldAnswer>
  readonly releaseRun: Route<RunParams, NoParams, never, ReleaseAnswer>
  readonly removeRun: Route<RunParams, RemoveQuery, never, RemovedRun>
}

const ofRun: z.ZodType<RunParams> = z.strictObject({ run: runIdText })

export const GC_ROUTES: GcRoutes = {
  collect: {
    ...post,
    id: 'collect',
    path: '/v1/gc',
    summary: 'Removes blobs that nothing needs: what no record names, and what only runs name that are given up.',
    action: 'storage.collect',
    body: { kind: 'json', schema: collectBody },
    answer: { kind: 'json', schema: collectAnswer },
    errors: ['CONFLICT', 'UNSUPPORTED', 'LIMIT_EXCEEDED', 'INTEGRITY'],
    idempotent: true,
  },
  holds: {
    ...get,
    id: 'holds',
    path: '/v1/holds',
    summary: 'The runs that are held.',
    action: 'run.read',
    answer: { kind: 'json', schema: holdList },
    errors: [],
  },
  holdRun: {
    ...post,
    id: 'holdRun',
    path: '/v1/runs/{run}/hold',
    summary: 'Keeps what a run left, whatever its age, until it is released.',
    action: 'run.hold',
    params: ofRun,
    body: { kind: 'json', schema: holdBody },
    answer: { kind: 'json', schema: holdAnswer },
    errors: ['NOT_FOUND', 'CONFLICT', 'LIMIT_EXCEEDED'],
    idempotent: true,
  },
  releaseRun: {
    ...post,
    id: 'releaseRun',
    path: '/v1/runs/{run}/release',
    summary: 'Lets a run that was held be given up at its age.',
    action: 'run.release',
    params: ofRun,
    answer: { kind: 'json', schema: releaseAnswer },
    errors: [],
    idempotent: true,
  },
  removeRun: {
    ...post,
    id: 'removeRun',
    path: '/v1/runs/{run}/remove',
    summary: 'Removes what a run left that is over, but for what others need. Its records stay.',
    action: 'run.remove',
    params: ofRun,
    query: removeQuery,
    answer: { kind: 'json', schema: removedRun },
    errors: ['NOT_FOUND', 'CONFLICT', 'UNSUPPORTED', 'LIMIT_EXCEEDED', 'INTEGRITY'],
    idempotent: true,
  },
}
