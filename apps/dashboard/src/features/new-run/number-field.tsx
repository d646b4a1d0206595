import { NumberInput } from '@mantine/core';

export interface NumberFieldProps {
  label: string;
  description: string;
  value: number;
  min: number;
  max?: number;
  /** whole numbers only */
  whole?: boolean;
  onChange: (value: number) => void;
}

/** A number with what it means; an empty field keeps the last number. */
export function NumberField({ label, description, value, min, max, whole = true, onChange }: NumberFieldProps) {
  return (
    <NumberInput label={label} description={description} value={value} min={min} max={max} allowDecimal={!whole} allowNegative={false}
      onChange={(next) => next !== '' && Number.isFinite(Number(next)) && onChange(Number(next))} />
  );
}
