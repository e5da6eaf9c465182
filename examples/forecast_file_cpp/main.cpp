// How long does an ONNX file take, without an engine? forecast_file_cpp host.latpack resnet50.onnx
#include <latcast/network_forecaster.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: forecast_file_cpp PACK MODEL\n"), 2;
  const auto pack = latcast::Pack::open(argv[1]);
  if (!pack) return std::fprintf(stderr, "%s\n", pack.error().context.c_str()), 1;
  const auto forecaster = latcast::NetworkForecaster::open(*pack);
  if (!forecaster) return std::fprintf(stderr, "%s\n", forecaster.error().context.c_str()), 1;
  const auto forecast = forecaster->forecast_file(argv[2], {.named = {}, .batch = 1});
  if (!forecast) return std::fprintf(stderr, "%s\n", forecast.error().context.c_str()), 1;

  const latcast::NetworkForecast& total = forecast->total;
  std::printf("%.3f ms (%.3f .. %.3f), %.0f %% of it from models within their range, %zu modules\n",
              total.quiet.count() / 1e6, total.lower.count() / 1e6, total.upper.count() / 1e6, total.time_share * 100,
              forecast->modules.size());
  for (const latcast::ExecutedModule& module : forecast->modules)
    std::printf("%10.1f us  %s\n", module.forecast.latency.count() / 1e3, module.op.c_str());
}
