import type { CommandEntry } from '../command.ts'

/** Every command, in the order of `seamark --help`. None is loaded before it is wanted: each command starts sooner. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'Writes a first plan, for what is in this folder',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'validate',
    summary: 'Checks a plan and tells every problem, without running it',
    load: async () => (await import('./validate.ts')).validate,
  },
  {
    name: 'plan show',
    summary: 'Shows what could run at once in a plan, its locks and its longest path',
    load: async () => (await import('./plan-show.ts')).planShow,
  },
  {
    name: 'run',
    summary: 'Submits a plan, or one command, and follows it to its end',
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'submit',
    summary: 'Submits a plan to the running service and returns',
    load: async () => (await import('./submit.ts')).submit,
  },
  {
    name: 'retry',
    summary: 'Does again what failed, was cancelled or was skipped in a run that is over',
    load: async () => (await import('./rerun.ts')).retry,
  },
  {
    name: 'rerun',
    summary: 'Does a run that is over again, all of it or from an item on',
    load: async () => (await import('./rerun.ts')).rerun,
  },
  {
    name: 'watch',
    summary: 'Shows what a service does as it goes on, or follows one run to its end',
    load: async () => (await import('./watch.ts')).watch,
  },
  {
    name: 'list',
    summary: 'Lists runs, newest first, by status, name, time or submitter',
    load: async () => (await import('./list.ts')).list,
  },
  {
    name: 'status',
    summary: 'Shows the newest runs, the items of one, or one item',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'logs',
    summary: 'Shows what an item wrote',
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    name: 'cancel',
    summary: 'Asks a run, or one item of it, to stop',
    load: async () => (await import('./cancel.ts')).cancel,
  },
  {
    name: 'pause',
    summary: 'Launches nothing new of a run, or of all, until that is resumed',
    load: async () => (await import('./pause.ts')).pause,
  },
  {
    name: 'resume',
    summary: 'Ends the pause of a run, or that of all',
    load: async () => (await import('./pause.ts')).resume,
  },
  {
    name: 'answer',
    summary: 'Answers the question of an agent, which goes on in the same conversation',
    load: async () => (await import('./answer.ts')).answer,
  },
  {
    name: 'approve',
    summary: 'Raises the budgets of an item and its run, and lets the item go on',
    load: async () => (await import('./approve.ts')).approve,
  },
  {
    name: 'usage',
    summary: 'Shows what metered calls to model APIs used and cost',
    load: async () => (await import('./usage.ts')).usage,
  },
  {
    name: 'diff',
    summary: 'Shows what the items of a run changed, to be read',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'patch',
    summary: "Shows an item's patch, or applies it to a working copy",
    load: async () => (await import('./patch.ts')).patch,
  },
  {
    name: 'policy explain',
    summary: 'Shows what the attempts of an item and its set-up may use, and which level said so',
    load: async () => (await import('./policy-explain.ts')).policyExplain,
  },
  {
    name: 'report',
    summary: 'Writes a run as one page for a browser',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'schema',
    summary: 'Prints the JSON Schema of plans, for editors and other programs',
    load: async () => (await import('./schema.ts')).schema,
  },
  {
    name: 'agent push',
    summary: 'Keeps the folder of an agent as a version that plans may name',
    load: async () => (await import('./agent-push.ts')).agentPush,
  },
  {
    name: 'agent list',
    summary: 'Lists the versions of agents that were pushed',
    load: async () => (await import('./agent-list.ts')).agentList,
  },
  {
    name: 'agent show',
    summary: 'Shows what a version of an agent says, and the digests of its files',
    load: async () => (await import('./agent-show.ts')).agentShow,
  },
  {
    name: 'agent diff',
    summary: 'Shows what makes one version of an agent, or a folder, another',
    load: async () => (await import('./agent-diff.ts')).agentDiff,
  },
  {
    name: 'agent rm',
    summary: 'Lets no plan name a version of an agent any more; runs that do go on',
    load: async () => (await import('./agent-rm.ts')).agentRm,
  },
  {
    name: 'agent import',
    summary: 'Makes folders of agents out of the subagents of Claude Code',
    load: async () => (await import('./agent-import.ts')).agentImport,
  },
  {
    name: 'evidence export',
    summary: 'Writes the evidence bundle of a run that is over',
    load: async () => (await import('./evidence-export.ts')).evidenceExport,
  },
  {
    name: 'keys export',
    summary: 'Writes the public keys of this log as a trust file',
    load: async () => (await import('./keys-export.ts')).keysExport,
  },
  {
    name: 'verify',
    summary: 'Verifies an evidence bundle without a service, and offline unless told otherwise',
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'serve',
    summary: 'Runs the service that other commands talk to',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'drain',
    summary: 'Has the service finish what runs, begin nothing new, and stop',
    load: async () => (await import('./drain.ts')).drain,
  },
  {
    name: 'doctor',
    summary: 'Checks this machine and deployment, and says what it measured',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'rm',
    summary: 'Removes what runs left that are over; their records stay',
    load: async () => (await import('./rm.ts')).rm,
  },
  {
    name: 'gc',
    summary: 'Removes stored blobs that nothing needs any more',
    load: async () => (await import('./gc.ts')).gc,
  },
  {
    name: 'gc hold',
    summary: 'Keeps what a run left, whatever its age',
    load: async () => (await import('./gc-holds.ts')).gcHold,
  },
  {
    name: 'gc release',
    summary: 'Lets a run that was held be given up at its age',
    load: async () => (await import('./gc-holds.ts')).gcRelease,
  },
  {
    name: 'gc holds',
    summary: 'Lists the runs that are held',
    load: async () => (await import('./gc-holds.ts')).gcHolds,
  },
  {
    name: 'secrets set',
    summary: 'Keeps a secret in the data folder',
    load: async () => (await import('./secrets-set.ts')).secretsSet,
  },
  {
    name: 'secrets list',
    summary: 'Names the secrets, never their values',
    load: async () => (await import('./secrets-list.ts')).secretsList,
  },
  {
    name: 'secrets rm',
    summary: 'Removes a secret from the data folder',
    load: async () => (await import('./secrets-rm.ts')).secretsRm,
  },
  {
    name: 'secrets test',
    summary: 'Says whether a secret can be resolved, and nothing of it',
    load: async () => (await import('./secrets-test.ts')).secretsTest,
  },
  {
    name: 'migrate sqlite-to-postgres',
    summary: 'Moves the journal to a PostgreSQL database',
    load: async () => (await import('./migrate.ts')).migrateToPostgres,
  },
  {
    name: 'migrate postgres-to-sqlite',
    summary: 'Moves the journal back to the data folder',
    load: async () => (await import('./migrate.ts')).migrateToSqlite,
  },
  {
    name: 'completion',
    summary: 'Writes what lets bash, zsh or fish complete command lines',
    load: async () => (await import('./completion.ts')).completion(COMMANDS),
  },
]
