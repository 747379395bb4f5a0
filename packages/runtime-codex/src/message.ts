import type { Json } from '@seamark/core'
import { parsedLine } from '@seamark/runtime'
import type { Asking } from '@seamark/runtime'
import { z } from 'zod'

// What the program says is read as far as it is needed, and never trusted: lengths are bounded where it is kept. A field that is
// not as it should be is left out where the rest makes sense without it.
type Maybe<T> = T | null | undefined

export type RequestId = number | string

export interface Message {
  readonly id?: RequestId | undefined
  readonly method?: string | undefined
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string } | undefined
  /** Said by the script that starts the program. */
  readonly seamark?: string | undefined
}

export interface ThreadOpened {
  readonly thread: { readonly id: string }
  readonly model: string
  readonly approvalPolicy: Json
}

export interface Skill {
  readonly path: string
  readonly scope: string
}

export interface Item {
  readonly type: string
  readonly id: string
  readonly status?: Maybe<string>
  readonly text?: Maybe<string>
  readonly command?: Maybe<string>
  readonly cwd?: Maybe<string>
  readonly exitCode?: Maybe<number>
  readonly changes?: Json | undefined
  readonly aggregatedOutput?: Maybe<string>
  readonly result?: Json | undefined
  readonly server?: Maybe<string>
  readonly tool?: Maybe<string>
  readonly arguments?: Json | undefined
  readonly query?: Maybe<string>
  readonly path?: Maybe<string>
  readonly prompt?: Maybe<string>
}

export interface TurnProblem {
  readonly message: string
  readonly codexErrorInfo?: Json | undefined
  readonly additionalDetails?: Maybe<string>
}

export interface Turn {
  readonly id: string
  readonly status: string
  readonly error?: Maybe<TurnProblem>
}

export interface Metered {
  readonly threadId: string
  readonly tokenUsage: { readonly total: { readonly inputTokens: number; readonly outputTokens: number } }
}

export interface Window {
  readonly usedPercent: number
  readonly resetsAt?: Maybe<number>
}

export interface Limits {
  readonly primary?: Maybe<Window>
  readonly secondary?: Maybe<Window>
  readonly rateLimitReachedType?: Maybe<string>
}

export interface ServerStatus {
  readonly threadId?: Maybe<string>
  readonly name: string
  readonly status: string
  readonly error?: Maybe<string>
}

/** What the program asks. Which of it there is depends on the method. */
export interface AskedFor {
  readonly itemId?: Maybe<string>
  readonly approvalId?: Maybe<string>
  readonly kind?: Maybe<string>
  readonly command?: Maybe<string>
  readonly cwd?: Maybe<string>
  readonly serverName?: Maybe<string>
  readonly message?: Maybe<string>
  readonly _meta?: Maybe<{ readonly codex_approval_kind?: Maybe<string> }>
  readonly questions?: Maybe<readonly Asking[]>
}

const text = z.string()
const id = text.min(1).max(200)
const maybeText = text.nullish().catch(undefined)
const maybeId = id.nullish().catch(undefined)
const count = z.int().min(0)

const envelope: z.ZodType<Message> = z.looseObject({
  id: z.union([z.number(), id]).optional().catch(undefined),
  method: text.optional().catch(undefined),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), message: text }).optional(),
  seamark: text.optional().catch(undefined),
})

const hello = z.looseObject({ userAgent: text })

const threadOpened: z.ZodType<ThreadOpened> = z.looseObject({
  thread: z.looseObject({ id }),
  model: text,
  approvalPolicy: z.json(),
})

const skillsListed = z.looseObject({
  data: z.array(z.looseObject({ skills: z.array(z.looseObject({ path: text, scope: text })) })),
})

const item: z.ZodType<Item> = z.looseObject({
  type: text,
  id,
  status: maybeText,
  text: maybeText,
  command: maybeText,
  cwd: maybeText,
  exitCode: z.number().nullish().catch(undefined),
  changes: z.json().optional().catch(undefined),
  aggregatedOutput: maybeText,
  result: z.json().optional().catch(undefined),
  server: maybeText,
  tool: maybeText,
  arguments: z.json().optional().catch(undefined),
  query: maybeText,
  path: maybeText,
  prompt: maybeText,
})

const problem: z.ZodType<TurnProblem> = z.looseObject({
  message: text,
  codexErrorInfo: z.json().optional().catch(undefined),
  additionalDetails: maybeText,
})

const turn: z.ZodType<Turn> = z.looseObject({ id, status: text, error: problem.nullish().catch(undefined) })

const metered: z.ZodType<Metered> = z.looseObject({
  threadId: id,
  tokenUsage: z.looseObject({ total: z.looseObject({ inputTokens: count, outputTokens: count }) }),
})

const window: z.ZodType<Maybe<Window>> = z
  .looseObject({ usedPercent: z.number(), resetsAt: count.nullish().catch(undefined) })
  .nullish()
  .catch(undefined)

const limits: z.ZodType<Limits> = z.looseObject({
  primary: window,
  secondary: window,
  rateLimitReachedType: maybeText,
})

const serverStatus: z.ZodType<ServerStatus> = z.looseObject({
  threadId: maybeText,
  name: text,
  status: text,
  error: maybeText,
})

const choice = z.looseObject({ label: text, description: text.optional().catch(undefined) })

const askedFor: z.ZodType<AskedFor> = z.looseObject({
  itemId: maybeId,
  approvalId: maybeId,
  kind: maybeText,
  command: maybeText,
  cwd: maybeText,
  serverName: maybeText,
  message: maybeText,
  _meta: z.looseObject({ codex_approval_kind: maybeText }).nullish().catch(undefined),
  questions: z
    .array(z.looseObject({ question: text, options: z.array(choice).optional().catch(undefined) }))
    .nullish()
    .catch(undefined),
})

/** A line as a message; `undefined` where it is none. */
export const readMessage = (line: string): Message | undefined => envelope.safeParse(parsedLine(line)).data

/** Each reads one kind of content; `undefined` where it is none. */
export const readHello = (value: unknown): string | undefined => hello.safeParse(value).data?.userAgent
export const readSkills = (value: unknown): readonly Skill[] | undefined =>
  skillsListed.safeParse(value).data?.data.flatMap(({ skills }) => skills)
export const readThread = (value: unknown): ThreadOpened | undefined => threadOpened.safeParse(value).data
export const readThreadId = (value: unknown): string | undefined =>
  z.looseObject({ threadId: id }).safeParse(value).data?.threadId
export const readItem = (value: unknown): Item | undefined => z.looseObject({ item }).safeParse(value).data?.item
export const readTurn = (value: unknown): Turn | undefined => z.looseObject({ turn }).safeParse(value).data?.turn
export const readProblem = (value: unknown): { readonly error: TurnProblem; readonly willRetry: boolean } | undefined =>
  z.looseObject({ error: problem, willRetry: z.boolean() }).safeParse(value).data
export const readMetered = (value: unknown): Metered | undefined => metered.safeParse(value).data
export const readLimits = (value: unknown): Limits | undefined =>
  z.looseObject({ rateLimits: limits }).safeParse(value).data?.rateLimits
export const readServerStatus = (value: unknown): ServerStatus | undefined => serverStatus.safeParse(value).data
export const readAsked = (value: unknown): AskedFor | undefined => askedFor.safeParse(value).data
export const readWarning = (value: unknown): string | undefined => {
  const said = z.looseObject({ message: maybeText, summary: maybeText }).safeParse(value).data
  return said?.message ?? said?.summary ?? undefined
}
export const readRerouted = (value: unknown): { readonly fromModel: string; readonly toModel: string } | undefined =>
  z.looseObject({ fromModel: text, toModel: text }).safeParse(value).data
