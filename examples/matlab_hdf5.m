function matlab_hdf5(path, output)
% Draws the heat map of a result's aggregation weights (Figure 6) and its learning curve.
%
%     matlab -batch "addpath examples; matlab_hdf5('RESULT.h5', 'OUTPUT_FOLDER')"
%
% Needs only MATLAB.
% NOT RUN in MATLAB: written from its documentation, and run in GNU Octave with stand-ins for h5read,
% h5readatt and h5info, which are missing in Octave. Please report any problems.
% MATLAB shows axes in reverse order: (round, client) on the format's page is (client, round) here.

if nargin ~= 2
    error('usage: matlab_hdf5(''RESULT.h5'', ''OUTPUT_FOLDER'')');
end
if ~exist(output, 'dir')
    mkdir(output);
end
draw_learning_curve(path, output);
root = h5info(path, '/');
if any(strcmp({root.Groups.Name}, '/aggregation'))
    draw_weights(path, output, 'fc1');
else
    fprintf('%s has no aggregation weights (method %s): no heat map\n', path, text_of(path, 'method'));
end
end

function draw_learning_curve(path, output)
% Mean test accuracy over clients; the band is one standard deviation to each side.
models = {'received', 'trained'};
colours = [0.12 0.47 0.71; 1.00 0.50 0.05];
rounds = double(h5read(path, '/round'));
picture = figure('Visible', 'off');
hold on
curves = cell(1, 2);
for i = 1:2
    accuracy = double(h5read(path, ['/test_accuracy_' models{i}]));   % (client, round)
    evaluated = ~all(isnan(accuracy), 1);                             % NaN: not evaluated
    x = reshape(rounds(evaluated), 1, []);
    m = mean(accuracy(:, evaluated), 1, 'omitnan');
    s = std(accuracy(:, evaluated), 1, 1, 'omitnan');
    fill([x fliplr(x)], [m - s, fliplr(m + s)], colours(i, :), 'FaceAlpha', 0.2, 'EdgeColor', 'none');
    curves{i} = plot(x, m, '.-', 'Color', colours(i, :), 'MarkerSize', 12);
end
legend([curves{:}], strcat(models, ' model'), 'Location', 'southeast');
title(text_of(path, 'title'));
xlabel('round');
ylabel('test accuracy, mean over clients');
print(picture, fullfile(output, 'learning-curve.png'), '-dpng', '-r150');
close(picture);
end

function draw_weights(path, output, layer)
% The aggregation weights of one layer after the last recorded round.
place = find(strcmp(h5read(path, '/layer'), layer));
weights = h5read(path, '/aggregation/weights');   % (source_client, layer, client, recorded_round)
weights = squeeze(weights(:, place, :, end))';    % rows: clients, columns: source clients
recorded = h5read(path, '/aggregation/recorded_round');
picture = figure('Visible', 'off');
imagesc(double(h5read(path, '/source_client')), double(h5read(path, '/client')), weights);
axis image
scale = colorbar;
ylabel(scale, 'aggregation weight');
title(sprintf('%s, %s, round %d', text_of(path, 'method_title'), layer, recorded(end)));
xlabel('source client');
ylabel('client');
print(picture, fullfile(output, ['weights-' layer '.png']), '-dpng', '-r150');
close(picture);
end

function text = text_of(path, name)
% An attribute of the file; some releases return text as a cell or a string.
text = char(h5readatt(path, '/', name));
end
