import type { Json } from '@seamark/core'

/** The APIs that the server speaks, named as `@seamark/metering` names them. */
export type ModelApiName = 'anthropic.messages' | 'openai.responses' | 'openai.chat'

/** One text, or several that are all meant. */
export type Texts = string | readonly string[]

/** What a request has to be. Every member that is there must hold. Texts are looked for as they are, case included. */
export interface Expectation {
  readonly api?: ModelApiName
  /** The name of the model; `*` stands for any characters. */
  readonly model?: string
  /** In what is new: the messages and results of tools after the last answer of the model. */
  readonly contains?: Texts
  /** In any message, result of a tool, or call of a tool. */
  readonly anywhere?: Texts
  /** In the system prompt or the instructions. */
  readonly system?: Texts
  /** Names of tools that are offered, others beside them. */
  readonly tools?: Texts
  /** Whether any tool is offered. */
  readonly offersTools?: boolean
  /** Of the results of tools that are new, one is like this. */
  readonly result?: {
    /** The tool that was called. */
    readonly tool?: string
    readonly contains?: Texts
    /** Whether the client said that it failed. Only the Messages API says so. */
    readonly failed?: boolean
  }
  readonly stream?: boolean
  /** The request limits its answer, to so many tokens or fewer. */
  readonly maxTokensAtMost?: number
}

/** One part of an answer. */
export type Part =
  | { readonly text: string }
  /** In the Messages API a block of thinking, in the Responses API a summary of reasoning; in Chat Completions it is only counted. */
  | { readonly thinking: string }
  | {
      /** The name of the tool that is called. It must be among those that the request offers. */
      readonly tool: string
      /** Arguments, or the text for a tool of the type `custom`. Default `{}`. */
      readonly input?: Json
      /** The id of the call, 1 to 64 of letters, digits, `_` and `-`. Default one that is made up. */
      readonly id?: string
      /** It need not be offered: a model that makes a tool up. */
      readonly unoffered?: boolean
    }

/** Why an answer ends. */
export type Stop = 'end' | 'tool' | 'length' | 'refusal'

/**
 * What the answer says was used. Without it everything is counted by the rule. What is cached is a part of the counted
 * input, and is never more than that.
 */
export interface UsageSpec {
  /** All input tokens, cached ones included, instead of the counted. */
  readonly input?: number
  /** All output tokens, instead of the counted. */
  readonly output?: number
  /** Of the input, read from a cache. */
  readonly cacheRead?: number
  /** Of the input, written to a cache for five minutes. Only the Messages API says so. */
  readonly cacheWrite5m?: number
  /** Of the input, written to a cache for an hour. Only the Messages API says so. */
  readonly cacheWrite1h?: number
}

/** How an answer is brought over the wire. */
export interface StreamSpec {
  /** Most characters of one delta. Default 24. */
  readonly deltaCharacters?: number
  /** The bytes are written in pieces of this many. Default one event at a time. */
  readonly pieceBytes?: number
  /** A piece ends within every character of more than one byte. */
  readonly splitCharacters?: boolean
  /** Wait before the first byte of the answer, head included. */
  readonly firstDelayMs?: number
  /** Wait before each piece but the first. */
  readonly delayMs?: number
  /** Whether the Messages API sends `ping`. Default true. */
  readonly ping?: boolean
  /** The connection is cut in the middle of this event, counted from 1. */
  readonly cutInEvent?: number
  /** The connection is cut after so many bytes of the body, streamed or not. */
  readonly cutAfterBytes?: number
}

export type ErrorKind =
  /** 429, with `retry-after` and the headers that say when each limit is reset. */
  | 'rate-limit'
  /** 529 of Anthropic, 503 of OpenAI. */
  | 'overloaded'
  /** 500. */
  | 'server-error'
  /** 401. */
  | 'unauthorized'
  /** 403. */
  | 'forbidden'
  /** 404, the model is not known. */
  | 'unknown-model'
  /** 400, the input is longer than the context. */
  | 'context-length'
  /** What was paid for is used up: 400 of Anthropic, 429 of OpenAI. */
  | 'quota'
  /** 502 with a page of HTML, as a proxy gives it. */
  | 'bad-gateway'
  /** The connection is cut before the answer. */
  | 'reset'
  /** No answer, until the client gives up. */
  | 'hang'

export interface ErrorSpec {
  readonly kind: ErrorKind
  /** For `rate-limit` and `overloaded`: when to come again. Default 1 for `rate-limit`, and nothing for `overloaded`. */
  readonly retryAfterSeconds?: number
  /** In a stream, after its first event, instead of a status. For `rate-limit`, `overloaded`, `server-error` and `context-length`. */
  readonly inStream?: boolean
}

interface Delivery {
  /** Headers of the answer, beside the API's own. */
  readonly headers?: Readonly<Record<string, string>>
  readonly stream?: StreamSpec
}

/** What is sent back: an answer of the model, or an error. */
export type Reaction =
  | (Delivery & {
      /** A text, or parts in order. */
      readonly answer: string | readonly Part[]
      /** Default `tool` where a tool is called, otherwise `end`. */
      readonly stop?: Stop
      readonly usage?: UsageSpec
    })
  | (Delivery & { readonly error: ErrorSpec })

/** One request of a conversation, and what comes back. */
export type Turn = Reaction & {
  readonly expect?: Expectation
  /** So many requests one after the other, or every one from here on. Default 1. */
  readonly times?: number | 'unlimited'
}

/** A request beside the conversation, such as for a title: it uses up no turn. */
export type Aside = Reaction & {
  readonly name: string
  readonly when: Expectation
}

/** What the server answers, and what it expects. */
export interface ModelScript {
  readonly version: 1
  /** The models that there are. Without it there is every one that is asked for. */
  readonly models?: readonly string[]
  /** The keys that are let in, made up for tests. Without it every key is. */
  readonly keys?: readonly string[]
  /** The most tokens of an input. Default no limit. */
  readonly contextTokens?: number
  /** For the Messages API: whether two messages of one role may follow each other, as one. Default `strict`: they may not. */
  readonly alternation?: 'strict' | 'combined'
  /** Paths that answer 404 and are no problem, with `*` for any characters, beside `/` and `/api/*`: what a program asks for besides. */
  readonly ignorePaths?: readonly string[]
  /** For every answer that does not say otherwise. */
  readonly stream?: StreamSpec
  /** Looked through before the turns; the first whose `when` holds answers. */
  readonly asides?: readonly Aside[]
  /** Of every conversation that has none of its own. */
  readonly turns?: readonly Turn[]
  /** Turns by the name of their conversation. */
  readonly conversations?: Readonly<Record<string, { readonly turns: readonly Turn[] }>>
}
