import type { Json } from '@seamark/core'
import { z } from 'zod'
import { CONVERSATION_NAME, MODEL_SERVER_LIMITS } from './limits.ts'
import type { ModelScript } from './script.ts'

const maybe = z.exactOptional
const count = z.int().min(0).max(1_000_000_000)
const text = z.string().refine((value) => value.isWellFormed(), 'use whole characters')
const some = text.min(1)
const texts = z.union([some, z.array(some).min(1)])

const expectation = z.strictObject({
  api: maybe(z.enum(['anthropic.messages', 'openai.responses', 'openai.chat'])),
  model: maybe(some),
  contains: maybe(texts),
  anywhere: maybe(texts),
  system: maybe(texts),
  tools: maybe(texts),
  offersTools: maybe(z.boolean()),
  result: maybe(z.strictObject({ tool: maybe(some), contains: maybe(texts), failed: maybe(z.boolean()) })),
  stream: maybe(z.boolean()),
  maxTokensAtMost: maybe(count),
})

const json: z.ZodType<Json> = z.json()

const part = z.union([
  z.strictObject({ text }),
  z.strictObject({ thinking: some }),
  z.strictObject({
    tool: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'use 1 to 128 letters, digits, "_" and "-"'),
    input: maybe(json),
    id: maybe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, "_" and "-"')),
    unoffered: maybe(z.boolean()),
  }),
])

const delayMs = z.int().min(0).max(600_000)

const stream = z
  .strictObject({
    deltaCharacters: maybe(z.int().min(1)),
    pieceBytes: maybe(z.int().min(1)),
    splitCharacters: maybe(z.boolean()),
    firstDelayMs: maybe(delayMs),
    delayMs: maybe(delayMs),
    ping: maybe(z.boolean()),
    cutInEvent: maybe(z.int().min(1)),
    cutAfterBytes: maybe(count),
  })
  .refine(
    ({ cutInEvent, cutAfterBytes }) => cutInEvent === undefined || cutAfterBytes === undefined,
    'use only one of cutInEvent and cutAfterBytes',
  )

const IN_STREAM = ['rate-limit', 'overloaded', 'server-error', 'context-length']
const error = z
  .strictObject({
    kind: z.enum([
      'rate-limit',
      'overloaded',
      'server-error',
      'unauthorized',
      'forbidden',
      'unknown-model',
      'context-length',
      'quota',
      'bad-gateway',
      'reset',
      'hang',
    ]),
    retryAfterSeconds: maybe(z.int().min(0).max(86_400)),
    inStream: maybe(z.boolean()),
  })
  .refine(
    ({ kind, retryAfterSeconds }) => retryAfterSeconds === undefined || kind === 'rate-limit' || kind === 'overloaded',
    'retryAfterSeconds is for rate-limit and overloaded',
  )
  .refine(
    ({ kind, inStream }) => inStream !== true || IN_STREAM.includes(kind),
    `inStream is for ${IN_STREAM.join(', ')}`,
  )

// RFC 9110: a token, and visible characters with single blanks between them.
const headers = z.record(
  z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'use the name of a header'),
  z.string().regex(/^[!-~]+(?: [!-~]+)*$/, 'use visible ASCII characters'),
)

const delivery = { headers: maybe(headers), stream: maybe(stream) }
const answering = {
  ...delivery,
  answer: z.union([text, z.array(part)]),
  stop: maybe(z.enum(['end', 'tool', 'length', 'refusal'])),
  usage: maybe(
    z.strictObject({
      input: maybe(count),
      output: maybe(count),
      cacheRead: maybe(count),
      cacheWrite5m: maybe(count),
      cacheWrite1h: maybe(count),
    }),
  ),
}
const failing = { ...delivery, error }

const ofTurn = {
  expect: maybe(expectation),
  times: maybe(z.union([z.int().min(1).max(1_000_000), z.literal('unlimited')])),
}
const turn = z.union([z.strictObject({ ...answering, ...ofTurn }), z.strictObject({ ...failing, ...ofTurn })])

const turns = z
  .array(turn)
  .min(1)
  .max(MODEL_SERVER_LIMITS.turns)
  .refine(
    (all) => all.slice(0, -1).every(({ times }) => times !== 'unlimited'),
    'only the last turn may be unlimited: none after it is ever reached',
  )

const ofAside = {
  name: z.string().regex(CONVERSATION_NAME, 'use 1 to 64 letters, digits, ".", "_" and "-"'),
  when: expectation.refine((when) => Object.keys(when).length > 0, 'say at least one condition'),
}
const aside = z.union([z.strictObject({ ...answering, ...ofAside }), z.strictObject({ ...failing, ...ofAside })])

/** The form of a script. */
export const scriptSchema: z.ZodType<ModelScript> = z
  .strictObject({
    version: z.literal(1),
    models: maybe(z.array(some).min(1)),
    keys: maybe(z.array(z.string().regex(/^[!-~]{1,512}$/, 'use visible ASCII characters')).min(1)),
    contextTokens: maybe(z.int().min(1)),
    alternation: maybe(z.enum(['strict', 'combined'])),
    ignorePaths: maybe(z.array(z.string().startsWith('/'))),
    stream: maybe(stream),
    asides: maybe(z.array(aside)),
    turns: maybe(turns),
    conversations: maybe(
      z.record(
        z.string().regex(CONVERSATION_NAME, 'use 1 to 64 letters, digits, ".", "_" and "-"'),
        z.strictObject({ turns }),
      ),
    ),
  })
  .refine(
    ({ turns: shared, conversations, asides }) =>
      shared !== undefined || asides !== undefined || Object.keys(conversations ?? {}).length > 0,
    'say turns, conversations or asides',
  )
