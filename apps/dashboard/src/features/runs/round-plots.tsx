import { departureReasons, type Run, type SeriesName } from '@seedfleet/protocol';
import { SeriesCard } from '../../charts/series-card';
import { decimal } from '../../shell/format';
import { SeriesTab } from './series-tab';

const reasons = departureReasons.map((reason) => ({ name: `declined.${reason}` as const, reason }));
const names: SeriesName[] = ['eligible', 'online', 'selected', 'accepted', 'reported', 'counted', 'silent', ...reasons.map(({ name }) => name), 'arrivalP50', 'arrivalP90', 'arrivalMax', 'deadline', 'duration'];
const wholes = (value: number | null) => (value === null ? '–' : Number.isInteger(value) ? String(value) : value.toFixed(1));
const secondsText = (value: number | null) => (value === null ? '–' : `${decimal(value, 3)} s`);
const dashes = [undefined, [8, 4], [2, 4], [8, 4, 2, 4], [12, 3], [4, 2], [1, 3], [6, 6]];
const dashed = (index: number) => { const dash = dashes[index % dashes.length]; return dash === undefined ? {} : { dash }; };

/** Where devices are lost between being ready and being counted, why, and when reports come. */
export function RoundPlots({ run }: { run: Run }) {
  return (
    <SeriesTab run={run} names={names} empty="No round has ended yet: the first one opens when enough devices are ready.">
      {(view) => {
        const lost = [{ name: 'silent' as SeriesName, label: 'accepted, but did not report in time' }, ...reasons.map(({ name, reason }) => ({ name: name as SeriesName, label: reason }))]
          .filter(({ name }) => view.series.rounds?.series[name]?.mean.some((value) => (value ?? 0) > 0));
        return (
          <>
            <SeriesCard title="Devices, from eligible to counted" source="rounds" view={view} yLabel="devices" counts valueText={wholes}
              lines={[
                { name: 'eligible', label: 'eligible', dash: [1, 3] }, { name: 'online', label: 'online', dash: [12, 3] }, { name: 'selected', label: 'selected', dash: [2, 4] },
                { name: 'accepted', label: 'accepted', dash: [8, 4] }, { name: 'reported', label: 'reported', dash: [8, 4, 2, 4] }, { name: 'counted', label: 'counted' },
              ]}
              says="Ready devices of the run; of those connected; asked; taking part; reported in time; in the commit. An abandoned attempt counts none." />
            {lost.length === 0 ? null : <SeriesCard title="Reasons of not taking part" source="rounds" view={view} yLabel="devices" counts valueText={wholes} lines={lost.map((line, index) => ({ ...line, ...dashed(index) }))}
              says="What the devices that were asked said instead, or did: departed is a lost connection, unanswered no answer in time." />}
            <SeriesCard title="Arrival of reports and the deadline" source="rounds" view={view} yLabel="seconds after opening" logarithmic valueText={secondsText}
              lines={[{ name: 'deadline', label: 'deadline', dash: [2, 4] }, { name: 'arrivalMax', label: 'last', dash: [8, 4] }, { name: 'arrivalP90', label: '90th of 100', dash: [12, 3] }, { name: 'arrivalP50', label: 'median' }]}
              says="When reports were durable. Where the last ones come close to the deadline, a shorter one loses them and a longer one waits for them." />
            <SeriesCard title="Duration" source="rounds" view={view} yLabel="seconds" valueText={secondsText} lines={[{ name: 'duration', label: 'duration' }]} says="From opening to commit or abandonment." />
          </>
        );
      }}
    </SeriesTab>
  );
}
