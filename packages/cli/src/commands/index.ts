import type { Command } from '../command.ts'
import { agentDiff } from './agent-diff.ts'
import { agentImport } from './agent-import.ts'
import { agentList } from './agent-list.ts'
import { agentPush } from './agent-push.ts'
import { agentRm } from './agent-rm.ts'
import { agentShow } from './agent-show.ts'
import { answer } from './answer.ts'
import { approve } from './approve.ts'
import { cancel } from './cancel.ts'
import { completion } from './completion.ts'
import { diff } from './diff.ts'
import { drain } from './drain.ts'
import { doctor } from './doctor.ts'
import { evidenceExport } from './evidence-export.ts'
import { gc } from './gc.ts'
import { gcHold, gcHolds, gcRelease } from './gc-holds.ts'
import { init } from './init.ts'
import { keysExport } from './keys-export.ts'
import { list } from './list.ts'
import { logs } from './logs.ts'
import { migrateToPostgres, migrateToSqlite } from './migrate.ts'
import { patch } from './patch.ts'
import { pause, resume } from './pause.ts'
import { planShow } from './plan-show.ts'
import { policyExplain } from './policy-explain.ts'
import { report } from './report.ts'
import { rerun, retry } from './rerun.ts'
import { rm } from './rm.ts'
import { run } from './run.ts'
import { schema } from './schema.ts'
import { secretsList } from './secrets-list.ts'
import { secretsRm } from './secrets-rm.ts'
import { secretsSet } from './secrets-set.ts'
import { secretsTest } from './secrets-test.ts'
import { serve } from './serve.ts'
import { status } from './status.ts'
import { submit } from './submit.ts'
import { usage } from './usage.ts'
import { validate } from './validate.ts'
import { verify } from './verify.ts'
import { watch } from './watch.ts'

/** Every command, in the order of `seamark --help`. */
export const COMMANDS: readonly Command[] = [
  init,
  validate,
  planShow,
  run,
  submit,
  retry,
  rerun,
  watch,
  list,
  status,
  logs,
  cancel,
  pause,
  resume,
  answer,
  approve,
  usage,
  diff,
  patch,
  policyExplain,
  report,
  schema,
  agentPush,
  agentList,
  agentShow,
  agentDiff,
  agentRm,
  agentImport,
  evidenceExport,
  keysExport,
  verify,
  serve,
  drain,
  doctor,
  rm,
  gc,
  gcHold,
  gcRelease,
  gcHolds,
  secretsSet,
  secretsList,
  secretsRm,
  secretsTest,
  migrateToPostgres,
  migrateToSqlite,
  completion(() => COMMANDS),
]
