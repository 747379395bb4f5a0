/**
 * A scripted model server that speaks the APIs of Anthropic and OpenAI, for tests.
 *
 * @module
 */
export type { Delivered } from './http-endpoint.ts'
export { MODEL_SERVER_LIMITS } from './limits.ts'
export type { ModelCall } from './model-service.ts'
export { parseScript } from './parse-script.ts'
export { MODEL_CHECKS } from './problem.ts'
export type { ModelCheck, ModelProblem } from './problem.ts'
export { CONVERSATION_HEADER } from './route.ts'
export type {
  Aside,
  ErrorKind,
  ErrorSpec,
  Expectation,
  ModelApiName,
  ModelScript,
  Part,
  Reaction,
  Stop,
  StreamSpec,
  Texts,
  Turn,
  UsageSpec,
} from './script.ts'
export { readScript, startModelServer } from './start-model-server.ts'
export type { ModelServer, StartModelServerOptions } from './start-model-server.ts'
export { TOKEN_BYTES, tokensOf, tokensOfArguments, tokensOfJson } from './tokens.ts'
