import type { ErrorCode, Json, JsonObject } from '@seamark/core'
import { z } from 'zod'
import { jsonObject } from './exact.ts'
import { agentDetail, agentView } from './agent.ts'
import { runEvent } from './event.ts'
import { itemPage, itemView } from './item.ts'
import { httpStatus, PROBLEM_MEDIA_TYPE, problemDocument } from './problem.ts'
import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { runPage, runView } from './run.ts'
import { doctorReport, serviceView, trustFile } from './service.ts'
import { planView } from './plan.ts'
import { checkAnswer, PLAN_MEDIA_TYPES, PLAN_WITH_VALUES_MEDIA_TYPE, planWithValues, submitAnswer } from './submit.ts'
import { budgetView, usagePage, usageView } from './usage.ts'

const named: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [runView, 'Run'],
  [runPage, 'RunPage'],
  [itemView, 'Item'],
  [itemPage, 'ItemPage'],
  [runEvent, 'RunEvent'],
  [submitAnswer, 'SubmitAnswer'],
  [checkAnswer, 'CheckAnswer'],
  [planView, 'Plan'],
  [serviceView, 'Service'],
  [doctorReport, 'DoctorReport'],
  [trustFile, 'TrustFile'],
  [budgetView, 'Budget'],
  [usageView, 'Usage'],
  [usagePage, 'UsagePage'],
  [agentView, 'Agent'],
  [agentDetail, 'AgentDetail'],
  [problemDocument, 'Problem'],
])

/** Codes that any route may answer with. */
const common: readonly ErrorCode[] = ['INVALID_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'UNAVAILABLE', 'INTERNAL']

// `input` also for answers: a client must take an answer with fields that it does not know.
function schemaOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = jsonObject.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  return rest
}

function refTo(schema: z.ZodType): JsonObject {
  const name = named.get(schema)
  return name === undefined ? schemaOf(schema) : { $ref: `#/components/schemas/${name}` }
}

function parameters(schema: z.ZodType, where: 'path' | 'query'): Json[] {
  const { properties, required } = schemaOf(schema)
  const needed = Array.isArray(required) ? required : []
  return Object.entries(jsonObject.parse(properties ?? {})).map(([name, value]) => ({
    name,
    in: where,
    required: where === 'path' || needed.includes(name),
    schema: value,
  }))
}

function answerContent(answer: Route<unknown, unknown, unknown, unknown>['answer']): JsonObject {
  if (answer.kind === 'json') return { 'application/json': { schema: refTo(answer.schema) } }
  if (answer.kind === 'ndjson') return { 'application/x-ndjson': { schema: refTo(answer.schema) } }
  return { [answer.mediaType]: { schema: { type: 'string', format: 'binary' } } }
}

function requestBody(body: Route<unknown, unknown, unknown, unknown>['body']): JsonObject {
  if (body.kind === 'none') return {}
  const content: JsonObject =
    body.kind === 'json'
      ? { 'application/json': { schema: schemaOf(body.schema) } }
      : {
          ...Object.fromEntries(
            Object.values(PLAN_MEDIA_TYPES).map((type) => [type, { schema: { $ref: 'plan.schema.json' } }]),
          ),
          [PLAN_WITH_VALUES_MEDIA_TYPE]: { schema: schemaOf(planWithValues) },
        }
  return { requestBody: { required: true, content } }
}

function operation(route: Route<unknown, unknown, unknown, unknown>): JsonObject {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of [...common, ...route.errors]) {
    const status = httpStatus({ code })
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const errors = [...byStatus].map(([status, codes]): [string, Json] => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: refTo(problemDocument) } },
    },
  ])
  return {
    operationId: route.id,
    summary: route.summary,
    ...(route.action !== undefined && { 'x-seamark-action': route.action }),
    'x-seamark-idempotent': route.idempotent,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...requestBody(route.body),
    responses: {
      [route.status]: { description: 'What was asked for.', content: answerContent(route.answer) },
      ...Object.fromEntries(errors),
    },
  }
}

/** The OpenAPI 3.1 document of `/v1`, from the routes. */
export function openApiDocument(): JsonObject {
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of Object.values<Route<unknown, unknown, unknown, unknown>>({ ...ROUTES }))
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route)
  const schemas = Object.fromEntries([...named].map(([schema, name]) => [name, schemaOf(schema)]))
  return {
    openapi: '3.1.0',
    info: { title: 'Seamark', version: 'v1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas },
  }
}
