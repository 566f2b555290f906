% Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve in GNU Octave.
%
%     pfedla export RESULT.h5 --octave EXPORTED.h5
%     octave-cli examples/octave_hdf5.m EXPORTED.h5 OUTPUT_FOLDER
%
% Needs only Octave. Its load does not read a result file itself, whose text has a variable length.
% Octave shows axes in reverse order: (round, client) on the format's page is (client, round) here.

1;  % A script that begins with a function would be a function file.

% Mean test accuracy over clients; the band is one standard deviation to each side.
function draw_learning_curve(result, output)
  models = {'received', 'trained'};
  colours = [0.12 0.47 0.71; 1.00 0.50 0.05];
  picture = figure('visible', 'off');
  hold on
  curves = zeros(1, 2);
  for i = 1:2
    accuracy = double(result.(['test_accuracy_' models{i}]));       % (client, round)
    evaluated = ~all(isnan(accuracy), 1);                           % NaN: not evaluated
    x = double(result.round(evaluated));
    m = zeros(size(x));
    s = zeros(size(x));
    columns = find(evaluated);
    for k = 1:numel(columns)
      values = accuracy(~isnan(accuracy(:, columns(k))), columns(k));
      m(k) = mean(values);
      s(k) = std(values, 1);
    end
    band = 1 - 0.3 * (1 - colours(i, :));                           % paler; not every toolkit mixes colours
    fill([x fliplr(x)], [m - s, fliplr(m + s)], band, 'edgecolor', 'none');
    curves(i) = plot(x, m, '.-', 'color', colours(i, :), 'markersize', 12);
  end
  legend(curves, strcat(models, ' model'), 'location', 'eastoutside');
  title(result.title, 'interpreter', 'none');
  xlabel('round');
  ylabel('test accuracy, mean over clients');
  print(picture, fullfile(output, 'learning-curve.png'), '-dpng', '-r150');
  close(picture);
end

% The aggregation weights of one layer after the last recorded round.
function draw_weights(result, output, layer)
  place = find(strcmp(cellstr(result.layer), layer));
  weights = result.aggregation.weights;                             % (source_client, layer, client, recorded_round)
  weights = squeeze(weights(:, place, :, end))';                    % rows: clients, columns: source clients
  picture = figure('visible', 'off');
  imagesc(double(result.source_client), double(result.client), weights);
  axis image
  scale = colorbar;
  ylabel(scale, 'aggregation weight');
  last = result.aggregation.recorded_round(end);
  title(sprintf('%s, %s, round %d', result.method_title, layer, last), 'interpreter', 'none');
  xlabel('source client');
  ylabel('client');
  print(picture, fullfile(output, ['weights-' layer '.png']), '-dpng', '-r150');
  close(picture);
end

arguments = argv();
if numel(arguments) ~= 2
  error('usage: octave-cli examples/octave_hdf5.m EXPORTED.h5 OUTPUT_FOLDER');
end
[path, output] = arguments{:};
if ~exist(output, 'dir')
  mkdir(output);
end
result = load(path);
draw_learning_curve(result, output);
if isfield(result, 'aggregation')
  draw_weights(result, output, 'fc1');
else
  printf('%s has no aggregation weights (method %s): no heat map\n', path, result.method);
end
