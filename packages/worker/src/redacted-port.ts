import type { AttemptFact, AttemptPort, RecordData } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactHost, redactText, streamRedactor } from '@seamark/kit'
import { toldName } from './conversation.ts'

/** Characters of a path and of a host, as a record has them. */
const MOST = { path: 1_024, host: 300 } as const

/**
 * The port of a launch for its way out: what a program asks to reach is words of its own, and a known secret in them is in no
 * record. `known` is asked each time; where it fails, nothing is told, and so nothing goes out.
 */
export function redactedPort(port: AttemptPort, known: () => Promise<RedactionTable | undefined>): AttemptPort {
  const { usage } = port
  return {
    ...port,
    async note(facts) {
      const table = await known()
      await port.note(table === undefined ? facts : facts.map((fact) => redactFact(fact, table)))
    },
    ...(usage && {
      usage: {
        reserve: async (request) => usage.reserve({ ...request, model: toldName(request.model, await known()) }),
        settle: async (id, report) => usage.settle(id, report),
      },
    }),
  }
}

function redactFact(fact: AttemptFact, table: RedactionTable): AttemptFact {
  return fact.kind === 'egress.decided' ? { ...fact, data: redactDecision(fact.data, table) } : fact
}

function redactDecision(data: RecordData['egress.decided'], table: RedactionTable): RecordData['egress.decided'] {
  const { host, path } = data
  return {
    ...data,
    ...(host !== undefined && { host: redactHost(host, table).slice(0, MOST.host) }),
    ...(path !== undefined && { path: redactPath(path, table) }),
  }
}

/** One that was cut may end with the beginning of a secret, which is not told either. */
function redactPath(path: string, table: RedactionTable): string {
  if (path.length < MOST.path) return redactText(path, table).slice(0, MOST.path)
  const decided = streamRedactor(table).push(Buffer.from(path))
  return Buffer.from(decided).toString().slice(0, MOST.path)
}
