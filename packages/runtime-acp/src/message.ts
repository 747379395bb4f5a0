import type { Json } from '@seamark/core'
import { parsedLine } from '@seamark/runtime'
import type { Asking } from '@seamark/runtime'
import { z } from 'zod'

// What an agent says is read as far as it is needed, and never trusted: lengths are bounded where it is kept. A field that is
// not as it should be is left out where the rest makes sense without it.
type Maybe<T> = T | null | undefined

export type RequestId = number | string | null

export interface Message {
  readonly id?: RequestId | undefined
  readonly method?: string | undefined
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined
  /** Said by the script that starts the program. */
  readonly seamark?: string | undefined
}

/** A server, by its place among all that the agent was given, that said nothing, and its exit code where it ended. */
export interface SilentServer {
  readonly index: number
  readonly code: number | null
}

/** A server that is a URL, by its place among all, that was asked and is not there, and a word for why. */
export interface MissingServer {
  readonly index: number
  readonly why: string
}

export interface ToolCallData {
  readonly toolCallId: string
  readonly title?: Maybe<string>
  readonly kind?: Maybe<string>
  readonly status?: Maybe<string>
  readonly rawInput?: Json | undefined
  readonly rawOutput?: Json | undefined
  readonly content?: Json | undefined
}

/** How it can go on with a conversation, with or without saying again what was said, and how it reaches servers that are URLs. */
export interface Capabilities {
  readonly mcpCapabilities?: Maybe<{ readonly http?: Maybe<boolean>; readonly sse?: Maybe<boolean> }>
  readonly loadSession?: Maybe<boolean>
  readonly sessionCapabilities?: Maybe<{ readonly resume?: unknown }>
}

export interface Hello {
  readonly protocolVersion: number
  readonly agentInfo?: Maybe<{ readonly name: string; readonly version: string }>
  readonly agentCapabilities?: Maybe<Capabilities>
}

interface Choice {
  readonly value?: string | undefined
  readonly options?: readonly { readonly value: string }[] | undefined
}

export interface ConfigOption {
  readonly id: string
  readonly category?: Maybe<string>
  readonly options?: readonly Choice[] | undefined
}

export interface SessionMade {
  readonly sessionId: string
  readonly configOptions?: Maybe<readonly ConfigOption[]>
}

export interface TurnEnded {
  readonly stopReason: string
  readonly usage?: Maybe<{ readonly inputTokens: number; readonly outputTokens: number }>
}

export type Update =
  | { readonly sessionUpdate: 'agent_message_chunk'; readonly content: { readonly text?: string | undefined } }
  | ({ readonly sessionUpdate: 'tool_call' | 'tool_call_update' } & ToolCallData)
  | { readonly sessionUpdate: 'usage_update'; readonly cost: Cost }

/** What an agent thinks that the conversation cost so far. */
export interface Cost {
  readonly amount: number
  /** As ISO 4217 has it. */
  readonly currency: string
}

export interface PermissionAsked {
  readonly toolCall: ToolCallData
  readonly options: readonly { readonly optionId: string; readonly kind: string }[]
}

const text = z.string()
const maybeText = text.nullish().catch(undefined)
const count = z.int().min(0)
/** It was read as JSON, so nothing else is left to check. */
const json = z.custom<Json>((value) => value !== undefined)

const toolCall = z.looseObject({
  toolCallId: text.max(200),
  title: maybeText,
  kind: maybeText,
  status: maybeText,
  rawInput: json.optional(),
  rawOutput: json.optional(),
  content: json.optional(),
})

const envelope: z.ZodType<Message> = z.looseObject({
  id: z.union([z.number(), text.max(200), z.null()]).optional(),
  method: text.optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), message: text, data: z.unknown().optional() }).optional(),
  seamark: text.optional(),
})

const hello: z.ZodType<Hello> = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: z.looseObject({ name: text, version: text }).nullish().catch(undefined),
  agentCapabilities: z
    .looseObject({
      mcpCapabilities: z
        .looseObject({ http: z.boolean().nullish(), sse: z.boolean().nullish() })
        .nullish()
        .catch(undefined),
      loadSession: z.boolean().nullish().catch(undefined),
      sessionCapabilities: z.looseObject({ resume: z.unknown().optional() }).nullish().catch(undefined),
    })
    .nullish()
    .catch(undefined),
})

const choice = z.looseObject({ value: text.optional(), options: z.array(z.looseObject({ value: text })).optional() })

const sessionMade: z.ZodType<SessionMade> = z.looseObject({
  sessionId: text.min(1).max(200),
  configOptions: z
    .array(z.looseObject({ id: text, category: maybeText, options: z.array(choice).optional().catch(undefined) }))
    .nullish()
    .catch(undefined),
})

const turnEnded: z.ZodType<TurnEnded> = z.looseObject({
  stopReason: text,
  usage: z.looseObject({ inputTokens: count, outputTokens: count }).nullish().catch(undefined),
})

const update: z.ZodType<Update> = z.discriminatedUnion('sessionUpdate', [
  z.looseObject({
    sessionUpdate: z.literal('agent_message_chunk'),
    content: z.looseObject({ text: text.optional().catch(undefined) }),
  }),
  toolCall.extend({ sessionUpdate: z.literal('tool_call') }),
  toolCall.extend({ sessionUpdate: z.literal('tool_call_update') }),
  z.looseObject({
    sessionUpdate: z.literal('usage_update'),
    cost: z.looseObject({ amount: z.number().min(0), currency: text.regex(/^[A-Z]{3}$/) }),
  }),
])

const permissionAsked: z.ZodType<PermissionAsked> = z.looseObject({
  toolCall,
  options: z.array(z.looseObject({ optionId: text, kind: text })),
})

const field = z.looseObject({
  title: maybeText,
  enum: z.array(text).optional().catch(undefined),
  oneOf: z
    .array(z.looseObject({ title: text }))
    .optional()
    .catch(undefined),
})
const form = z.looseObject({
  mode: z.literal('form').optional(),
  message: text,
  requestedSchema: z
    .looseObject({ properties: z.record(text, field).optional().catch(undefined) })
    .optional()
    .catch(undefined),
})

const silentServers = z.looseObject({ servers: z.array(z.looseObject({ index: count, code: count.nullable() })) })
const missingServers = z.looseObject({ servers: z.array(z.looseObject({ index: count, why: text.max(100) })) })

/** A line as a message; `undefined` where it is none. */
export const readMessage = (line: string): Message | undefined => envelope.safeParse(parsedLine(line)).data

/** Each reads one kind of content; `undefined` where it is none. */
export const readHello = (value: unknown): Hello | undefined => hello.safeParse(value).data
export const readSession = (value: unknown): SessionMade | undefined => sessionMade.safeParse(value).data
export const readTurnEnd = (value: unknown): TurnEnded | undefined => turnEnded.safeParse(value).data
export const readUpdate = (value: unknown): Update | undefined =>
  z.looseObject({ update }).safeParse(value).data?.update
export const readPermission = (value: unknown): PermissionAsked | undefined => permissionAsked.safeParse(value).data
export const readSilentServers = (value: unknown): readonly SilentServer[] =>
  silentServers.safeParse(value).data?.servers ?? []
export const readMissingServers = (value: unknown): readonly MissingServer[] =>
  missingServers.safeParse(value).data?.servers ?? []
/** A form as a question, and one for each of its fields. */
export const readQuestion = (value: unknown): readonly Asking[] | undefined => {
  const asked = form.safeParse(value).data
  if (asked === undefined) return undefined
  const fields = Object.entries(asked.requestedSchema?.properties ?? {}).map(([name, field]) => {
    const labels = field.oneOf?.map((one) => one.title) ?? field.enum ?? []
    return { question: field.title ?? name, options: labels.map((label) => ({ label })) }
  })
  return [{ question: asked.message }, ...fields]
}
