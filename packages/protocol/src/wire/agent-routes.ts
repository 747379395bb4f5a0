import { z } from 'zod'
import { agentText } from '../agent/reference.ts'
import { agentDetail, agentList, PUSH_BYTES, pushAnswer, pushBody, removed } from './agent.ts'
import type { AgentDetail, AgentList, PushAnswer, PushBody, Removed } from './agent.ts'
import { get, post } from './route-base.ts'
import type { NoParams } from './route-base.ts'
import type { Route } from './route.ts'

export interface AgentParams {
  /** `NAME@VERSION`, `sha256:DIGEST`, or `NAME` for its newest version. */
  readonly agent: string
}

/** The routes of agents, by id. */
export interface AgentRoutes {
  readonly pushAgent: Route<NoParams, NoParams, PushBody, PushAnswer>
  readonly agents: Route<NoParams, NoParams, never, AgentList>
  readonly agent: Route<AgentParams, NoParams, never, AgentDetail>
  readonly removeAgent: Route<AgentParams, NoParams, never, Removed>
}

const ofAgent: z.ZodType<AgentParams> = z.strictObject({ agent: agentText })

export const AGENT_ROUTES: AgentRoutes = {
  pushAgent: {
    ...post,
    id: 'pushAgent',
    path: '/v1/agents',
    summary: 'Keeps a version of an agent, so that plans may name it. A version with other content is `CONFLICT`.',
    action: 'agent.push',
    body: { kind: 'json', schema: pushBody, maxBytes: PUSH_BYTES },
    answer: { kind: 'json', schema: pushAnswer },
    errors: ['CONFLICT', 'LIMIT_EXCEEDED'],
    idempotent: true,
  },
  agents: {
    ...get,
    id: 'agents',
    path: '/v1/agents',
    summary: 'All versions of agents that were pushed, removed ones too.',
    action: 'agent.read',
    answer: { kind: 'json', schema: agentList },
    errors: [],
  },
  agent: {
    ...get,
    id: 'agent',
    path: '/v1/agents/{agent}',
    summary: 'One version of an agent, with its definition and the digests of its files.',
    action: 'agent.read',
    params: ofAgent,
    answer: { kind: 'json', schema: agentDetail },
    errors: ['NOT_FOUND', 'INTEGRITY'],
  },
  removeAgent: {
    ...post,
    id: 'removeAgent',
    path: '/v1/agents/{agent}/remove',
    summary: 'No plan may name the version any more. Runs that name it go on.',
    action: 'agent.remove',
    params: ofAgent,
    answer: { kind: 'json', schema: removed },
    errors: ['NOT_FOUND'],
    idempotent: true,
  },
}
