import type { Json, RuntimeTask } from '@seamark/core'
import type { AskedTool } from '@seamark/policy'
import { sha256Hex } from '@seamark/kit'
import { isObject } from './json.ts'

/** What one message says of a tool call. */
export interface ToolCall {
  readonly id: string
  readonly title?: string | null | undefined
  /** The program's word for what kind of tool it is. */
  readonly kind?: string | null | undefined
  /** `completed` and `failed` are its ends. */
  readonly status?: string | null | undefined
  readonly input?: Json | undefined
  /** What came of it, where it is told with its end and is the same for the same. */
  readonly result?: Json | undefined
}

/** What is known of a tool call, from its first message and all updates. Texts are bounded. */
export interface ToolUse {
  readonly title: string
  readonly kind: string
  /** What it runs; `null` where it may run something that can not be told. */
  readonly command: string | readonly string[] | null
  /** Digest of its input. */
  readonly input: string
  /** Digest of what came of it; empty where that is not known. */
  readonly result: string
  /** The agent said that it begins, and that was told. */
  readonly told: boolean
  /** It came to its end, or was denied. */
  readonly counted: boolean
  /** The policy was asked, and allowed it. */
  readonly allowed: boolean
}

const NOTHING: ToolUse = {
  title: '',
  kind: '',
  command: null,
  input: '',
  result: '',
  told: false,
  counted: false,
  allowed: false,
}

const word = (text: string, most = 200) => text.slice(0, most).toWellFormed()

/** With one more message about it. `whole` says that nothing of the message was shortened. */
export function toolUse(before: ToolUse | undefined, call: ToolCall, whole: boolean): ToolUse {
  const known = before ?? NOTHING
  const title = word(call.title ?? known.title)
  const kind = word(call.kind ?? known.kind, 40)
  const { input } = call
  const result = call.result === undefined ? known.result : digest(JSON.stringify(call.result))
  if (input === undefined) return { ...known, title, kind, result }
  return {
    ...known,
    title,
    kind,
    result,
    command: whole ? commandOf(input) : null,
    input: digest(JSON.stringify(input)),
  }
}

const digest = (text: string) => sha256Hex(text).slice(0, 32)

/** The same for the same use of the same tool. */
export function useKey({ kind, title, command, input }: ToolUse): string {
  // The input may hold what differs each time, such as an id or a time.
  return digest(JSON.stringify(command === null ? [kind, title, input] : [kind, command]))
}

/** `command` and `args`, as agents name them: a line for a shell, or a program and its arguments. */
function commandOf(input: Json): string | readonly string[] | null {
  if (!isObject(input)) return null
  const { command = input['cmd'], args } = input
  const list = texts(args)
  if (typeof command === 'string') return list === undefined ? command : [command, ...list]
  return texts(command) ?? null
}

function texts(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const list: readonly unknown[] = value
  return list.every((one) => typeof one === 'string') ? list : undefined
}

/** As the policy is asked. `does` is what each kind of tool does; a tool of ours starts nothing in the sandbox. */
export function askedTool(
  use: ToolUse,
  { does, task }: { readonly does: Readonly<Record<string, AskedTool['does']>>; readonly task: OfServers },
): AskedTool {
  const { kind, command } = use
  const known = isOwnTool(use, { does, task }) ? 'read' : Object.hasOwn(does, kind) ? (does[kind] ?? 'other') : 'other'
  return { does: known, ...(command !== null && { command }) }
}

type OfServers = Pick<RuntimeTask, 'mcpServers'>

/** Whether it is a tool of an MCP server of ours, by the name that programs have for those. What its program knows is none. */
export function isOwnTool(
  { kind, title }: ToolUse,
  { does, task }: { readonly does: Readonly<Record<string, AskedTool['does']>>; readonly task: OfServers },
): boolean {
  if (task.mcpServers === undefined || Object.hasOwn(does, kind)) return false
  return Object.entries(task.mcpServers).some(([server, { tools }]) =>
    tools.some((tool) => [kind, title].includes(`mcp__${server}__${tool}`)),
  )
}

/** A name for events and records. */
export function toolName({ kind, title }: ToolUse): string {
  return title === '' ? kind || 'tool' : title
}

/** The same for all calls of one tool: that of an MCP server by its own name, where the program says it, any other by its kind. */
export function toolKind({ kind, title }: ToolUse): string {
  return /^mcp__[\w.-]+/.exec(title)?.[0] ?? (kind || 'tool')
}
