/** Every case by its name, in the order of the table: a module whose `measure(scale)` resolves with lines of it. */
export const CASES: Readonly<Record<string, string>> = {
  flat: import.meta.resolve('./cases/flat-plan.ts'),
  serial: import.meta.resolve('./cases/serial-plan.ts'),
  records: import.meta.resolve('./cases/records.ts'),
  attempt: import.meta.resolve('./cases/local-attempt.ts'),
  docker: import.meta.resolve('./cases/docker-attempt.ts'),
  agents: import.meta.resolve('./cases/agents.ts'),
  submit: import.meta.resolve('./cases/submit-to-start.ts'),
  git: import.meta.resolve('./cases/git-workspace.ts'),
  verify: import.meta.resolve('./cases/verify-bundle.ts'),
  report: import.meta.resolve('./cases/report.ts'),
  service: import.meta.resolve('./cases/service.ts'),
  cli: import.meta.resolve('./cases/command-line.ts'),
  postgres: import.meta.resolve('./cases/postgres.ts'),
  egress: import.meta.resolve('./cases/egress.ts'),
  gc: import.meta.resolve('./cases/collection.ts'),
  s3: import.meta.resolve('./cases/s3-storage.ts'),
}
