import { type Tracer } from '@opentelemetry/api';
import { version } from '../health/version.js';

/** Where spans go: OTLP over HTTP. */
export interface TraceSettings {
  /** base URL of a collector; spans go to /v1/traces under it */
  endpoint: string;
  /** sent with every export, for collectors that want a credential */
  headers: Record<string, string>;
  serviceName: string;
}

/** A tracer, and how to send what it still holds. */
export interface TraceSink {
  tracer: Tracer;
  close(): Promise<void>;
}

/** Loads OpenTelemetry and opens its exporter. Only a coordinator that traces pays for the packages: they are imported here, not at start. */
export async function openTraceSink({ endpoint, headers, serviceName }: TraceSettings): Promise<TraceSink> {
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'), import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, headers });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }), spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return { tracer: provider.getTracer('seedfleet', version), close: () => provider.shutdown() };
}
