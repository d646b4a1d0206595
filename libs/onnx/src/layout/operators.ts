/** Operators that work value by value, with broadcasting. */
export const elementwise: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Mean', 'Sum', 'And', 'Or', 'Xor', 'Not', 'Equal', 'Less',
  'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Where', 'PRelu', 'BitShift', 'Abs', 'Acos', 'Asin', 'Atan', 'Cast', 'Ceil', 'Celu', 'Clip', 'Cos', 'Dropout', 'Elu',
  'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'Identity', 'IsInf', 'IsNaN', 'LeakyRelu', 'Log', 'Mish', 'Neg', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Shrink',
  'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu', 'BiasGelu', 'FastGelu', 'QuickGelu']);

/** Operators that work along one axis (attribute `axis`, default -1) and keep the shape. */
export const alongAxis: ReadonlySet<string> = new Set(['Softmax', 'LogSoftmax', 'Hardmax', 'LayerNormalization', 'SimplifiedLayerNormalization', 'RMSNormalization', 'LpNormalization']);

/** Operators that remove or flatten axes (attribute or input `axes`). */
export const reductions: ReadonlySet<string> = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceSumSquare']);

/** Operators that work example by example on axis 0 of their first input; its number of axes stays. */
export const byExample: ReadonlySet<string> = new Set(['Attention', 'MultiHeadAttention', 'GroupQueryAttention', 'QAttention', 'SkipLayerNormalization', 'SkipSimplifiedLayerNormalization',
  'RotaryEmbedding', 'Conv', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GroupNormalization', 'InstanceNormalization', 'BatchNormalization']);

/** Products of rows with a matrix, in other numbers than float. */
export const integerProducts: ReadonlySet<string> = new Set(['MatMulInteger', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'QLinearMatMul']);

/** Operators that take one scale for all examples of a batch: the rows of a parallel forward would disturb each other. */
export const batchCoupled: ReadonlySet<string> = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']);
