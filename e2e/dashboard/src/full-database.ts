import { type DebianPostgres } from '@seedfleet/e2e-fleet';

export interface FullDatabase { devices: number; rounds: number; run: number }

/**
 * Fills the database of a coordinator behind its back, as years of work would: devices of every state with tags and measurements, and rounds,
 * evaluations and reports' counts of one run that has ended. The rows are those that the coordinator writes; what they say is made up.
 */
export async function fillDatabase(postgres: DebianPostgres, { devices, rounds, run }: FullDatabase): Promise<void> {
  await postgres.query(`
    INSERT INTO devices (id, name, public_key, state, worker_version, platform, enrolled_at, last_seen_at, connected, tags, forward_ms, peak_megabytes, memory_megabytes, threads)
    SELECT 'dev_' || lpad(i::text, 8, '0'), 'machine ' || i, decode(lpad(to_hex(i), 64, '0'), 'hex'),
      (ARRAY['active','active','active','active','active','active','active','active','suspended','pending'])[1 + i % 10], '0.0.0', 'linux x64',
      now() - i * interval '1 minute', now() - (i % 5000) * interval '1 minute', false, CASE i % 4 WHEN 0 THEN ARRAY['lab'] WHEN 1 THEN ARRAY['gpu','lab'] WHEN 2 THEN ARRAY['office'] ELSE ARRAY[]::text[] END,
      10 + i % 90, 200 + i % 700, 8000, 4
    FROM generate_series(1, $1::int) AS i`, [devices]);
  await postgres.query(`
    INSERT INTO assignments (run_id, device_id, state, round, train_examples, held_out_examples, updated_at)
    SELECT $1::int, id, 'ready', $2::int, 100, 20, now() FROM devices ON CONFLICT DO NOTHING`, [run, rounds]);
  await postgres.query(`
    INSERT INTO rounds (run_id, round, attempt, state, cohort, accepted, opened_at, deadline_at, ended_at)
    SELECT $1::int, i, 0, 'committed', '[{"device":"dev_00000001","group":0},{"device":"dev_00000002","group":0},{"device":"dev_00000003","group":0}]'::jsonb, 3,
      now() - ($2::int - i) * interval '1 second', now(), now() - ($2::int - i) * interval '1 second' + interval '600 milliseconds'
    FROM generate_series(0, $2::int - 1) AS i`, [run, rounds]);
  await postgres.query(`
    INSERT INTO commits (run_id, round, attempt, bytes, hash, state_hash, reports_salt, learning_rate, coefficient_rms, reports, committed_at)
    SELECT $1::int, i, 0, decode(repeat('00', 247), 'hex'), decode(lpad(to_hex(i), 64, '0'), 'hex'), decode(lpad(to_hex(i + 1), 64, '0'), 'hex'), decode(repeat('00', 32), 'hex'),
      0.01, 0.5 + 0.4 * sin(i), 3, now() - ($2::int - i) * interval '1 second'
    FROM generate_series(0, $2::int - 1) AS i`, [run, rounds]);
  await postgres.query(`
    INSERT INTO round_statistics (run_id, round, attempt, eligible, online, reported, counted, declines, declined, arrival_p50, arrival_p90, arrival_max, difference_p10, difference_p50, difference_p90,
      signal_to_noise, sign_agreement, gradient_p10, gradient_p50, gradient_p90, step_norm, adapter_norm)
    SELECT $1::int, i, 0, 9000, 8000, 3, 3, CASE i % 7 WHEN 0 THEN '{"busy": 1}'::jsonb ELSE '{}'::jsonb END, '[]'::jsonb, 0.2, 0.4, 0.5 + 0.05 * sin(i), 1e-4, 1e-3, 1e-2, 1 + 0.5 * sin(i / 7.0), 0.7, -0.5, 0, 0.5, 0.05, sqrt(i) / 50
    FROM generate_series(0, $2::int - 1) AS i`, [run, rounds]);
  await postgres.query(`
    INSERT INTO evaluations (run_id, round, loss_sum, correct, count, devices, at)
    SELECT $1::int, i, 1000 * (0.3 + 0.4 * exp(-i / 2000.0)), (1000 * (0.9 - 0.4 * exp(-i / 2000.0)))::int, 1000, 3, now() - ($2::int - i) * interval '1 second'
    FROM generate_series(0, $2::int, 20) AS i ON CONFLICT DO NOTHING`, [run, rounds]);
  await postgres.query(`UPDATE runs SET state = 'completed', round = $2::int, started_at = now() - $2::int * interval '1 second', ended_at = now() WHERE id = $1::int`, [run, rounds]);
  await postgres.query('ANALYZE');
}
