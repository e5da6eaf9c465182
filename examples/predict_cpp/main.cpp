// How long does one module take? predict_cpp host.latpack conv2d 1 64 56 56 ... (the type's parameters, in order)
#include <latcast/predictor.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: predict_cpp PACK TYPE PARAMETER...\n"), 2;
  const auto pack = latcast::Pack::open(argv[1]);
  if (!pack) return std::fprintf(stderr, "%s\n", pack.error().context.c_str()), 1;
  const latcast::Predictor predictor(*pack);

  std::vector<double> parameters;
  for (int i = 3; i < argc; ++i) parameters.push_back(std::atof(argv[i]));
  latcast::ModuleQuery module{.type = pack->find_type(argv[2]).value_or(latcast::kUnknownType),
                              .parameters = parameters};
  const auto forecast = predictor.forecast_module(module);
  if (!forecast) return std::fprintf(stderr, "%s\n", forecast.error().context.c_str()), 1;
  std::printf("%s: %.0f ns (%s) on %s\n", argv[2], forecast->latency.count(),
              latcast::to_string(forecast->status).data(), pack->target().name.c_str());
}
